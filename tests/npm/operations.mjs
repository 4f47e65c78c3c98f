// What whoever runs a node meets: settings and their mistakes, the journal's tools, several stores, and a chat by HTTP alone.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { folder, programs, run, start, test, until } from './lib/programs.mjs'

const store = await start('couchmock', ['--log-level', 'error'])
const other = await start('couchmock', ['--log-level', 'error'])
const journal = join(folder, 'n1.journal')
const node = await start('chatnode', ['--store', `${store.url}/chat`, '--store', `${other.url}/chat`, '--name', 'n1', '--journal', journal])

// The tests' own variables are no settings of a node.
const settings = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^DAVENPORT_(PROGRAMS|SOURCE|PICTURES|PAGE_FOLDER|STRICT)$/.test(name)))
const chatnode = (args, env = {}) => {
  const { status, stdout, stderr } = spawnSync(join(programs, 'chatnode'), args, { env: { ...settings, ...env }, encoding: 'utf8', timeout: 10_000 })
  return { status, stdout, stderr }
}
const file = (name, text) => { writeFileSync(join(folder, name), text); return join(folder, name) }
const post = (url, text, user = 'ann') => fetch(`${url}/api/rooms/lobby/messages`, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ user, text }),
})
const get = async (path) => (await fetch(node.url + path)).json()

/// Follows a room by server-sent events; `events` grows.
async function follow(path, headers = {}) {
  const stop = new AbortController()
  const answer = await fetch(node.url + path, { headers, signal: stop.signal })
  assert.equal(answer.headers.get('content-type'), 'text/event-stream')
  const events = []
  ;(async () => {
    let text = ''
    for await (const bytes of answer.body) {
      text += Buffer.from(bytes).toString()
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const event = Object.fromEntries(text.slice(0, end).split('\n').map((line) => [line.split(': ')[0], line.split(': ').slice(1).join(': ')]))
        if (event.data) events.push({ ...event, data: JSON.parse(event.data) })
      }
    }
  })().catch(() => {})
  return { events, said: () => events.filter((one) => one.event === 'message').map((one) => one.data.text), stop: () => stop.abort() }
}

test('one joins, follows and posts by HTTP alone, and goes on where one was', async () => {
  const stream = await follow('/api/rooms/lobby/events')
  await until('the room is joined', () => stream.events.some((one) => one.event === 'joined'))
  await post(node.url, 'one')
  await until('it is heard', () => stream.said().includes('one'))
  const { id } = stream.events.at(-1)
  stream.stop()
  await post(node.url, 'two')
  const again = await follow('/api/rooms/lobby/events', { 'Last-Event-ID': id })
  await until('the rest is heard', () => again.said().includes('two'))
  assert.deepEqual([...new Set(again.said())].filter((text) => text !== 'one'), ['two'], 'the last one may come again, and nothing is left out')
  again.stop()
  const polled = await get(`/api/rooms/lobby/poll?after=${encodeURIComponent(id)}`)
  assert.equal(polled.messages.at(-1).text, 'two')
  assert.deepEqual((await get('/api/rooms')).rooms.map((one) => one.room), ['lobby'])
  assert.deepEqual((await get('/api/search?q=TW')).messages.map((one) => one.text), ['two'])
})

test('what a journal holds can be looked at while its node runs', async () => {
  await until('both are stored', () => chatnode(['journal', 'inspect', journal]).stdout.includes('unstored     0'))
  const { status, stdout } = chatnode(['journal', 'inspect', journal])
  assert.equal(status, 0)
  assert.match(stdout, /messages +2\n/)
  assert.match(stdout, /room +lobby: 2 messages/)
  const lines = chatnode(['journal', 'export', journal]).stdout.trim().split('\n').map((line) => JSON.parse(line))
  assert.deepEqual(lines.map((one) => one.msg), ['one', 'two'])
  assert.match(lines[0]._id, /^lobby:/)
})

test('a journal is left alone when it is in use, is none, or would forget what clients may repeat', () => {
  const refused = (args, words) => {
    const { status, stderr } = chatnode(['journal', ...args])
    assert.notEqual(status, 0)
    assert.match(stderr, words)
    assert.equal(stderr.trim().split('\n').length, 1)
  }
  refused(['forget', journal, '--older-than', '30d'], /in use by another node/)
  refused(['forget', journal, '--older-than', '1h'], /younger than 48h/)
  refused(['forget', journal, '--older-than', 'long'], /as in 30d/)
  refused(['inspect', join(folder, 'none')], /there is no journal/)
  refused(['inspect', file('recipes', 'x'.repeat(4096))], /is not a journal/)
})

test('what is old and stored is forgotten for good, and what was never stored is kept', async () => {
  const old = await start('couchmock', ['--log-level', 'error'])
  const path = join(folder, 'old.journal')
  const args = ['--store', `${old.url}/chat`, '--journal', path]
  await fetch(`${old.url}/chat?q=1`, { method: 'PUT' })
  for (const [id, day] of [['a', '01'], ['b', '02']])
    await fetch(`${old.url}/chat/${id}`, { method: 'PUT', body: JSON.stringify({ user: 'ann', msg: `old ${id}`, datetime: `2020-01-${day}T00:00:00.000Z`, host: 'h' }) })
  let last = await start('chatnode', args)
  const history = async () => {  // a connection of its own: the next node may get the same port
    const answer = await fetch(`${last.url}/api/rooms/lobby/messages`, { headers: { Connection: 'close' } })
    return (await answer.json()).messages.map((one) => one.text)
  }
  await until('the old ones are read', async () => (await history()).length === 2)
  await post(last.url, 'new')
  await until('all is stored', () => chatnode(['journal', 'inspect', path]).stdout.includes('unstored     0'))
  await last.end()
  assert.match(chatnode(['journal', 'forget', path, '--older-than', '30d']).stdout, /^2 messages are forgotten, 1 are left/)
  await fetch(`${old.url}/chat/_local/davenport`, { method: 'PUT', body: JSON.stringify({ generation: 'another' }) })  // all is read from the start
  last = await start('chatnode', args)
  await new Promise((wake) => setTimeout(wake, 1000))
  assert.deepEqual(await history(), ['new'], 'what was forgotten does not come back by the feed')
  await last.end()
  await old.end()
})

test('with its store gone for good a node goes on at the next one, which gets everything', async () => {
  await store.end('SIGKILL')
  assert.equal((await post(node.url, 'three, with the first store gone')).status, 202)
  const stored = async () => (await (await fetch(`${other.url}/chat/_all_docs?include_docs=true`)).json()).rows?.map((row) => row.doc.msg) ?? []
  await until('the second store has all', async () => (await stored()).length >= 3)
  assert.deepEqual((await stored()).sort(), ['one', 'three, with the first store gone', 'two'])
  assert.match(node.told(), /going on with http:\/\/127\.0\.0\.1:\d+\/chat/)
})

test('settings come from a file, the environment and the command line, the later the stronger', () => {
  const config = file('good.yaml', `listen: 127.0.0.1:0\nname: from-file\nbatch: 7\nhost: [a.example, b.example]\nstore: http://u:hidden@127.0.0.1:1/chat\n`)
  const { status, stdout, stderr } = chatnode(['--config', config, '--batch', '9', '--check-config'], { DAVENPORT_NAME: 'from-environment', DAVENPORT_BATCH: '8' })
  assert.equal(stderr, '')
  assert.equal(status, 0)
  assert.match(stdout, /^listen +127\.0\.0\.1:0 +\(.*good\.yaml:1:9\)$/m)
  assert.match(stdout, /^name +from-environment +\(DAVENPORT_NAME\)$/m)
  assert.match(stdout, /^batch +9 +\(command line\)$/m)
  assert.match(stdout, /^host +a\.example, b\.example /m)
  assert.match(stdout, /^journal +chatnode\.journal +\(default\)$/m)
  assert.doesNotMatch(stdout, /hidden/)
  const many = chatnode(['--check-config'], { DAVENPORT_STORE: 'http://u:hid%40den@127.0.0.1:1/chat,http://v:hidden@127.0.0.1:2/chat', DAVENPORT_HOST: 'a.example,b.example' })
  assert.match(many.stdout, /^store +http:\/\/u:\.\.\.@127\.0\.0\.1:1\/chat, http:\/\/v:\.\.\.@127\.0\.0\.1:2\/chat +\(DAVENPORT_STORE\)$/m)
  assert.doesNotMatch(many.stdout, /hid(?!e)|%40|@den|hidden/)
  assert.match(many.stdout, /^host +a\.example, b\.example /m)
})

test('the example of a settings file is good', () => {
  const source = process.env.DAVENPORT_SOURCE ?? new URL('../..', import.meta.url).pathname
  const { status, stderr } = chatnode(['--config', join(source, 'node/chatnode.yaml'), '--journal', join(folder, 'example.journal'), '--check-config'], { DAVENPORT_STORE_PASSWORD_FILE: file('password', 'secret\n') })
  assert.equal(stderr, '')
  assert.equal(status, 0)
})

test('all mistakes of a settings file are told at once, each with its place', () => {
  const { status, stderr } = chatnode(['--config', file('bad.yaml', `lisen: 127.0.0.1:0\nbatch: many\nfeed: carrier-pigeon\nname: [a, b]\n`), '--check-config'], { DAVENPORT_LOG_LEVEL: 'loud' })
  assert.equal(status, 64)
  assert.match(stderr, /bad\.yaml:1:1: there is no setting 'lisen'; did you mean 'listen'\?/)
  assert.match(stderr, /bad\.yaml:2:8: .*many/)
  assert.match(stderr, /bad\.yaml:3:7: .*carrier-pigeon/)
  assert.match(stderr, /bad\.yaml:4:7: /)
  assert.match(stderr, /DAVENPORT_LOG_LEVEL: .*loud/)
  assert.equal(stderr.trim().split('\n').length, 5)
})

test('a settings file that is none says where', () => {
  for (const [text, words] of [['listen: [', /bad2\.yaml:\d+:\d+: /], ['just words', /bad2\.yaml:1:1: one setting a line/]]) {
    const { status, stderr } = chatnode(['--config', file('bad2.yaml', text), '--check-config'])
    assert.equal(status, 64)
    assert.match(stderr, words)
  }
  assert.match(chatnode(['--config', join(folder, 'nowhere.yaml')]).stderr, /nowhere\.yaml: cannot be read/)
  assert.match(chatnode(['--store', 'http://127.0.0.1', '--listen', 'there', '--check-config']).stderr, /--store[^]*there/)
})

test('clients may come by https, with the certificate that was renewed meanwhile too', async () => {
  const make = (name) => spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'),
    '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'])
  make('first')
  const secure = await start('chatnode', ['--store', `${other.url}/chat`, '--journal', join(folder, 'tls.journal'),
    '--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')])
  const ask = (path, more = {}) => new Promise((done, fail) => {
    const request = https.get({ host: '127.0.0.1', port: secure.port, path, ca: readFileSync(join(folder, 'cert.pem')), agent: false, ...more }, (answer) => {
      let body = ''
      const { subject } = answer.socket.getPeerCertificate()
      answer.on('data', (data) => (body += data)).on('end', () => done({ status: answer.statusCode, body, name: subject.CN }))
    })
    request.on('error', fail)
  })
  const answer = await ask('/readyz')
  assert.equal(answer.status, 200)
  assert.equal(answer.name, 'first')
  assert.ok((await ask('/chat.js')).body.length > 5000, 'more than one record')
  await assert.rejects(ask('/readyz', { ca: undefined }), /self-signed/)
  const plain = await fetch(`http://127.0.0.1:${secure.port}/readyz`)
  assert.equal(plain.status, 400)
  assert.match(await plain.text(), /https/)
  make('second')
  await secure.end('SIGHUP', false)
  await until('the certificate is read again', async () => (await ask('/readyz').catch(() => ({}))).name === 'second')
  writeFileSync(join(folder, 'cert.pem'), 'rubbish')
  await secure.end('SIGHUP', false)
  await until('it says that this one is no good', () => secure.told().includes('stays in use'))
  await secure.end()
})

test('what is erased is in no file any more: of the nodes, of the store, of a backup made later; people chat on', async () => {
  const place = join(folder, 'erased'); mkdirSync(place)
  const kept = await start('couchmock', ['--data', join(place, 'store'), '--admin', 'admin:secret', '--log-level', 'error'])
  const url = `${kept.url.replace('//', '//admin:secret@')}/chat`
  const nodes = []
  for (const name of ['here', 'there']) nodes.push(await start('chatnode', ['--store', url, '--name', name, '--journal', join(place, name), '--posts-per-second', '0']))
  const [here, there] = nodes
  await until('the store is up', async () => (await (await fetch(`${here.url}/readyz`)).json()).store === 'up')
  for (let i = 0; i < 30; ++i) { await post(here.url, `hunter2 is my password ${i}`); await post(there.url, `kept ${i}`, 'bob') }
  const texts = async (one) => (await (await fetch(`${one.url}/api/rooms/lobby/messages?limit=100`)).json()).messages.map((message) => message.text).filter(Boolean)
  await until('both have all', async () => (await texts(here)).length === 60 && (await texts(there)).length === 60)
  await until('it is found', async () => (await (await fetch(`${there.url}/api/search?q=hunter2`)).json()).messages.length > 0)
  const files = () => readdirSync(place).filter((name) => readFileSync(join(place, name)).includes('hunter2'))
  assert.ok(files().length >= 3, `${files()}`)

  const counted = chatnode(['erase', '--store', url, '--user', 'ann', '--dry-run'])
  assert.equal(counted.status, 0, counted.stderr)
  assert.match(counted.stdout, /room lobby: 30 messages.*\n30 messages would be erased\n$/)
  assert.equal(counted.stderr, '', 'quiet in a pipe')
  const erased = chatnode(['erase', '--user', 'ann', '--by', 'the office'], { DAVENPORT_STORE: url.replace(':secret', ''), DAVENPORT_STORE_PASSWORD: 'secret' })
  assert.match(erased.stdout, /30 messages are erased/, erased.stderr)
  for (const one of nodes) await until('its texts are gone', async () => (await texts(one)).every((text) => !text.includes('hunter2')))
  assert.ok((await post(here.url, 'people chat on', 'bob')).ok)
  await until('no file has it', () => files().length === 0, 15_000).catch(() => assert.deepEqual(files(), []))
  for (const one of nodes) assert.equal((await (await fetch(`${one.url}/api/search?q=hunter2`)).json()).messages.length, 0)
  const copied = chatnode(['journal', 'backup', join(place, 'there'), '--to', join(place, 'copy')])
  assert.equal(copied.status, 0, copied.stderr)
  assert.deepEqual(files(), [])
  assert.match(chatnode(['erase', '--store', url, '--user', 'ann']).stdout, /^room.*\n0 messages are erased; 30 had been removed before\n$/)
  for (const one of [...nodes, kept]) await one.end()
})

test('mistakes of an erasure are told, and what a node says of itself', async () => {
  const mistake = (args, says) => {
    const { status, stderr } = chatnode(args)
    assert.notEqual(status, 0); assert.match(stderr, says); assert.equal(stderr.trim().split('\n').length, 1, stderr)
  }
  mistake(['erase'], /say what: --user NAME/)
  mistake(['erase', '--before', 'yesterday'], /--before yesterday: give a day/)
  mistake(['erase', '--user', '\u200b'], /--user/)
  mistake(['erase', '--room', 'No Room'], /--room No Room/)
  mistake(['erase', '--user', 'ann', '--store', `${other.url}/nothing`], /no such database/)
  const well = chatnode(['status', node.url])
  assert.equal(well.status, 0, well.stderr)
  assert.match(well.stdout, /^node +http.*\nstatus +ok: takes posts/)
  assert.equal(chatnode(['status', 'http://127.0.0.1:1']).status, 2)
  assert.match(chatnode(['status', other.url]).stderr, /no chat node's/)
})

test('Prometheus finds what a node does', async () => {
  const watched = await start('chatnode', ['--store', `${other.url}/chat`, '--journal', join(folder, 'watched.journal'), '--metrics', '127.0.0.1:0'])
  const at = (await until('it says where', () => /metrics at (\S+)/.exec(watched.told())))[1]
  await post(watched.url, 'counted')
  const figure = async (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await fetch(at)).text())?.[1])
  await until('the message is stored', async () => (await figure('davenport_posts_stored_total')) === 1)
  assert.equal(await figure('davenport_posts_taken_total'), 1)
  assert.equal(await figure('davenport_store_up'), 1)
  assert.ok((await figure('davenport_commit_seconds_count')) >= 1)
  assert.ok((await figure('davenport_store_request_seconds_count{status="2xx"}')) >= 1)
  assert.equal((await fetch(at.replace('metrics', 'else'))).status, 404)
  await watched.end()
})

test('people sign in with their account in the store, at one node for all, and stay so while it is away', async () => {
  const guarded = await start('couchmock', ['--admin', 'admin:secret', '--log-level', 'error'])
  const asAdmin = { Authorization: `Basic ${btoa('admin:secret')}`, 'Content-Type': 'application/json' }
  await fetch(`${guarded.url}/_users`, { method: 'PUT', headers: asAdmin })
  await fetch(`${guarded.url}/_users/org.couchdb.user:ann`, { method: 'PUT', headers: asAdmin,
    body: JSON.stringify({ _id: 'org.couchdb.user:ann', name: 'ann', password: 'tea', roles: [], type: 'user' }) })
  const args = ['--store', `${guarded.url.replace('//', '//admin:secret@')}/chat`, '--auth', 'couchdb']
  const [one, two] = [await start('chatnode', [...args, '--journal', join(folder, 'one')]), await start('chatnode', [...args, '--journal', join(folder, 'two')])]
  const signIn = (password) => fetch(`${one.url}/api/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'ann', password }) })
  await until('the store is up', async () => (await (await fetch(`${one.url}/readyz`)).json()).store === 'up')
  await until('the keys are made', async () => (await signIn('coffee')).status === 401)
  const answer = await signIn('tea')
  assert.equal(answer.status, 200)
  const headers = { Cookie: answer.headers.get('set-cookie').split(';')[0], 'Content-Type': 'application/json' }
  await until('the other node has heard the keys', async () => (await fetch(`${two.url}/api/rooms/lobby/messages`, { headers })).status === 200)
  await guarded.end('SIGKILL')
  assert.equal((await fetch(`${two.url}/api/rooms/lobby/messages`)).status, 401)
  const said = await fetch(`${two.url}/api/rooms/lobby/messages`, { method: 'POST', headers, body: JSON.stringify({ text: 'with the store gone' }) })
  assert.equal(said.status, 202)
  const { messages } = await (await fetch(`${two.url}/api/rooms/lobby/messages`, { headers })).json()
  assert.deepEqual(messages.map(({ user, text }) => [user, text]), [['ann', 'with the store gone']])
  await one.end(); await two.end()
})

await run(async () => { await node.end(); await other.end() })
