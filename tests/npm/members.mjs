// People with accounts in the store, at two nodes: what the store says of an account counts within a minute, and signing out at once, everywhere.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { folder, run, start, test, until } from './lib/programs.mjs'

const store = await start('couchmock', ['--admin', 'admin:secret', '--log-level', 'error'])
const asAdmin = { Authorization: `Basic ${btoa('admin:secret')}`, 'Content-Type': 'application/json' }
const couch = async (method, path, body) => {
  const answer = await fetch(store.url + path, { method, headers: asAdmin, body: body && JSON.stringify(body) })
  return { status: answer.status, body: await answer.json() }
}
const put_user = async (name, password, rev) => {
  const { status } = await couch('PUT', `/_users/org.couchdb.user:${name}`, { ...(rev && { _rev: rev }), name, password, roles: [], type: 'user' })
  assert.equal(status, 201)
}
const revision = async (name) => (await couch('GET', `/_users/org.couchdb.user:${name}`)).body._rev
for (const name of ['ann', 'bob', 'cyd', 'dan', 'eve', 'fay']) await put_user(name, 'tea')
const args = ['--store', `${store.url.replace('//', '//admin:secret@')}/chat`, '--auth', 'couchdb']
const nodes = [await start('chatnode', [...args, '--journal', join(folder, 'one')]), await start('chatnode', [...args, '--journal', join(folder, 'two')])]

/// The headers of somebody who is signed in.
async function sign_in(node, name, password = 'tea') {
  const answer = await until(`${name} is signed in`, async () => {
    const tried = await fetch(`${node.url}/api/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name, password }) })
    return tried.status !== 503 && tried
  })
  assert.equal(answer.status, 200)
  return { Cookie: answer.headers.get('set-cookie').split(';')[0], 'Content-Type': 'application/json' }
}
const reads = async (node, headers) => (await fetch(`${node.url}/api/rooms/lobby/messages`, { headers })).status
const posts = async (node, headers) => (await fetch(`${node.url}/api/rooms/lobby/messages`, { method: 'POST', headers, body: JSON.stringify({ text: 'hello' }) })).status
const ready = (headers) => until('both nodes know the keys', async () => (await Promise.all(nodes.map((node) => reads(node, headers)))).every((status) => status === 200))
/// An event stream: `over` once the node has closed it.
async function follow(node, headers) {
  const answer = await fetch(`${node.url}/api/rooms/lobby/events`, { headers })
  assert.equal(answer.status, 200)
  const stream = { over: false }
  ;(async () => { for await (const _ of answer.body); })().catch(() => {}).finally(() => (stream.over = true))
  return stream
}

test('signing out at one node ends all tabs of the sign-in at every node, and no other sign-in', async () => {
  const here = await sign_in(nodes[0], 'eve'), phone = await sign_in(nodes[1], 'eve')
  await ready(here)
  const tab = await follow(nodes[1], here), other = await follow(nodes[1], phone)
  assert.equal((await fetch(`${nodes[0].url}/api/session`, { method: 'DELETE', headers: here })).status, 200)
  assert.equal(await reads(nodes[0], here), 401)
  await until('the other node has heard of it', async () => (await reads(nodes[1], here)) === 401 && tab.over)
  assert.equal(await reads(nodes[1], phone), 200)
  assert.equal(other.over, false)
  const third = await sign_in(nodes[0], 'eve')
  assert.equal((await fetch(`${nodes[0].url}/api/session?all=true`, { method: 'DELETE', headers: third })).status, 200)
  await until('the phone is signed out', async () => (await reads(nodes[0], phone)) === 401 && (await reads(nodes[1], phone)) === 401 && other.over)
})

test('wrong passwords at three nodes of one address do not have the store lock the name', async () => {
  const third = await start('chatnode', [...args, '--journal', join(folder, 'three')])
  await sign_in(third, 'eve')
  const tried = []
  for (let round = 0; round < 3; ++round)
    for (const node of [...nodes, third])
      tried.push((await fetch(`${node.url}/api/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'fay', password: `wrong ${tried.length}` }) })).status)
  assert.equal(tried.filter((status) => status === 401).length, 3, tried.join(' '))
  const itself = await fetch(`${store.url}/_session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'fay', password: 'tea' }) })
  assert.equal(itself.status, 200, 'the store has not locked it')
  await third.end()
})

test("the store's word counts within a minute, for reads and posts, at every node", async () => {
  const people = {}
  for (const name of ['ann', 'bob', 'cyd', 'dan']) people[name] = await sign_in(nodes[0], name)
  await ready(people.dan)
  const streams = {}
  for (const name of Object.keys(people)) streams[name] = await follow(nodes[1], people[name])
  await put_user('ann', 'coffee', await revision('ann'))
  assert.equal((await couch('DELETE', `/_users/org.couchdb.user:bob?rev=${await revision('bob')}`)).status, 200)
  assert.equal((await couch('PUT', '/chat/_security', { members: { names: ['ann', 'bob', 'dan', 'eve'], roles: [] }, admins: { names: [], roles: [] } })).status, 200)
  const begun = Date.now()
  for (const name of ['ann', 'bob', 'cyd'])
    await until(`${name} is out`, async () => (await Promise.all(nodes.flatMap((node) => [reads(node, people[name]), posts(node, people[name])]))).every((status) => status === 401) && streams[name].over, 60_000)
  assert.ok(Date.now() - begun < 60_000)
  assert.deepEqual(await Promise.all(nodes.map((node) => posts(node, people.dan))).then((all) => all.map((status) => status < 300)), [true, true])
  assert.equal(streams.dan.over, false)
  const again = await sign_in(nodes[0], 'ann', 'coffee')
  assert.ok((await posts(nodes[1], again)) < 300)
  const refused = await fetch(`${nodes[0].url}/api/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'cyd', password: 'tea' }) })
  assert.equal(refused.status, 403)
})

let eve
test('a ban by hand holds at both nodes within a moment, and its deletion ends it', async () => {
  eve = await sign_in(nodes[0], 'eve')
  await ready(eve)
  const tab = await fetch(`${nodes[1].url}/api/rooms/lobby/events`, { headers: eve })
  let told = ''
  ;(async () => { for await (const bytes of tab.body) told += new TextDecoder().decode(bytes) })().catch(() => {})
  const { body } = await couch('PUT', '/chat/davenport-ban~*~eve', { what: 'ban', who: 'Eve', room: '*', reason: 'tea time' })
  const begun = Date.now()
  await until('both nodes refuse', async () => (await Promise.all(nodes.flatMap((node) => [reads(node, eve), posts(node, eve)]))).every((status) => status === 403), 5000)
  await until('the open stream says so', () => /event: put-out\ndata: .*tea time/.test(told), 5000)
  assert.ok(Date.now() - begun < 5000)
  assert.equal((await couch('DELETE', `/chat/davenport-ban~*~eve?rev=${body.rev}`)).status, 200)
  await until('both nodes take posts', async () => (await Promise.all(nodes.map((node) => posts(node, eve)))).every((status) => status < 300), 5000)
})

test('who was signed out, and who is banned, stays so after a restart with the store away', async () => {
  const ann = await sign_in(nodes[0], 'ann', 'coffee')
  await fetch(`${nodes[0].url}/api/session`, { method: 'DELETE', headers: ann })
  const dan = await sign_in(nodes[0], 'dan')
  await until('the other node has heard of it', async () => (await reads(nodes[1], ann)) === 401)
  await couch('PUT', '/chat/davenport-ban~lobby~eve', { what: 'ban', who: 'eve', room: 'lobby' })
  await until('the other node has heard of the ban, too', async () => (await posts(nodes[1], eve)) === 403)
  await new Promise((wake) => setTimeout(wake, 500))  // until that is on its disk
  await store.end('SIGKILL')
  await nodes[1].end('SIGKILL')
  nodes[1] = await start('chatnode', [...args, '--journal', join(folder, 'two')])
  assert.equal(await reads(nodes[1], ann), 401)
  assert.equal(await posts(nodes[1], dan), 202)
  assert.equal(await posts(nodes[1], eve), 403)
})

await run(async () => { for (const node of nodes) await node.end() })
