// CouchDB's real clients, unmodified, against couchmock: what they ask of a CouchDB it must answer as one.
import assert from 'node:assert/strict'
import { createWriteStream, createReadStream } from 'node:fs'
import { join } from 'node:path'
import couchbackup from '@cloudant/couchbackup'
import follow from 'cloudant-follow'
import { EventSource } from 'eventsource'
import nano from 'nano'
import { folder, run, start, test, until } from './lib/programs.mjs'

const mock = await start('couchmock', ['--admin', 'admin:secret', '--log-level', 'error'])
const url = `http://admin:secret@127.0.0.1:${mock.port}`
const server = nano(url)
const fails = (status) => (error) => (assert.equal(error.statusCode, status), true)

test('nano makes, lists and drops databases', async () => {
  await server.db.create('first')
  assert.ok((await server.db.list()).includes('first'))
  assert.equal((await server.db.get('first')).doc_count, 0)
  await assert.rejects(server.db.create('first'), fails(412))
  await server.db.destroy('first')
  await assert.rejects(server.db.get('first'), fails(404))
})

test('nano keeps documents, and is refused an edit of what has changed', async () => {
  await server.db.create('documents')
  const db = server.use('documents')
  const { rev } = await db.insert({ colour: 'green', many: [1, 2.5, null, { 'ü': '☃' }] }, 'a')
  await assert.rejects(db.insert({ colour: 'red' }, 'a'), fails(409))
  const { rev: second } = await db.insert({ colour: 'red', _rev: rev }, 'a')
  assert.match(second, /^2-[0-9a-f]{32}$/)
  assert.equal((await db.get('a', { rev })).colour, 'green')
  await db.destroy('a', second)
  await assert.rejects(db.get('a'), fails(404))
})

test('nano writes, lists and pages many documents', async () => {
  await server.db.create('many')
  const db = server.use('many')
  const docs = Array.from({ length: 250 }, (_, i) => ({ _id: `d${String(i).padStart(3, '0')}`, i }))
  const rows = await db.bulk({ docs })
  assert.ok(rows.every((row) => row.ok))
  const page = await db.list({ startkey: 'd100', limit: 10, include_docs: true })
  assert.deepEqual(page.rows.map((row) => row.doc.i), [100, 101, 102, 103, 104, 105, 106, 107, 108, 109])
  assert.equal((await db.fetch({ keys: ['d001', 'nowhere'] })).rows[1].error, 'not_found')
  const found = await db.find({ selector: { _id: { $gt: null }, i: { $gte: 240 } }, fields: ['i'], sort: [{ _id: 'desc' }], limit: 3 })
  assert.deepEqual(found.docs.map((doc) => doc.i), [249, 248, 247])
})

test('nano keeps attachments to the byte', async () => {
  await server.db.create('files')
  const db = server.use('files')
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256))
  await db.attachment.insert('a', 'bytes.bin', bytes, 'application/octet-stream')
  assert.ok(bytes.equals(await db.attachment.get('a', 'bytes.bin')))
  await db.multipart.insert({ note: 'both' }, [{ name: 't.txt', data: 'hello', content_type: 'text/plain' }], 'b')
  assert.equal((await db.attachment.get('b', 't.txt')).toString(), 'hello')
})

test('nano signs in with a cookie', async () => {
  const session = nano(mock.url)
  await assert.rejects(session.auth('admin', 'wrong'), fails(401))
  assert.equal((await session.auth('admin', 'secret')).ok, true)
  assert.equal((await server.session()).userCtx.name, 'admin')
})

test("nano's changes reader hears each change once, and goes on after the server was away", async () => {
  await server.db.create('reader')
  const db = server.use('reader')
  const heard = []
  db.changesReader.start({ since: '0', wait: false, timeout: 1000 }).on('change', (change) => heard.push(change.id)).on('error', () => {})
  for (const id of ['a', 'b', 'c']) await db.insert({}, id)
  await until('three changes', () => heard.length >= 3)
  await fetch(`${url.replace('admin:secret@', '')}/reader`, { headers: { authorization: `Basic ${btoa('admin:secret')}` } })
  await db.insert({}, 'd')
  await until('the fourth change', () => heard.includes('d'))
  db.changesReader.stop()
  assert.deepEqual([...heard].sort(), ['a', 'b', 'c', 'd'])
})

test('cloudant-follow catches up, confirms and follows live', async () => {
  await server.db.create('followed')
  const db = server.use('followed')
  await db.insert({ n: 1 }, 'before')
  const heard = []
  const feed = new follow.Feed({ db: `${url}/followed`, since: 0, include_docs: true, heartbeat: 1000 })
  const confirmed = new Promise((done) => feed.once('confirm', done))
  feed.on('change', (change) => heard.push(`${change.id}:${change.doc.n}`))
  feed.on('error', (error) => { throw error })
  feed.follow()
  await confirmed
  await until('what was there', () => heard.length === 1)
  await db.insert({ n: 2 }, 'after')
  await until('what is new', () => heard.length === 2)
  feed.stop()
  assert.deepEqual(heard, ['before:1', 'after:2'])
})

test('an EventSource hears the changes with their places', async () => {
  await server.db.create('events')
  const db = server.use('events')
  const heard = []
  const source = new EventSource(`${mock.url}/events/_changes?feed=eventsource&since=0`, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization: `Basic ${btoa('admin:secret')}` } }),
  })
  source.onmessage = (event) => heard.push({ ...JSON.parse(event.data), place: event.lastEventId })
  await db.insert({}, 'a')
  await db.insert({}, 'b')
  await until('two events', () => heard.length === 2)
  source.close()
  assert.deepEqual(heard.map((change) => change.id), ['a', 'b'])
  assert.ok(heard.every((change) => change.seq === JSON.parse(change.place)))  // CouchDB sends the place as JSON, quotes and all
})

test('couchbackup saves a database and brings it back', async () => {
  const db = server.use('many')
  const before = await db.list({ include_docs: true })
  const file = join(folder, 'backup.txt')
  await new Promise((done, broken) => couchbackup.backup(`${url}/many`, createWriteStream(file), { parallelism: 2, bufferSize: 50 },
    (error) => (error ? broken(error) : done())))
  await server.db.create('restored')
  await new Promise((done, broken) => couchbackup.restore(createReadStream(file), `${url}/restored`, {}, (error) => (error ? broken(error) : done())))
  const after = await server.use('restored').list({ include_docs: true })
  assert.deepEqual(after.rows.map((row) => row.doc), before.rows.map((row) => row.doc))  // revisions too
})

await run()
