// PouchDB against couchmock: its HTTP adapter, and its replicator with couchmock as source and as target, live, and across a restart.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import PouchDB from 'pouchdb'
import memory from 'pouchdb-adapter-memory'
import { folder, run, start, test, until } from './lib/programs.mjs'

PouchDB.plugin(memory)
const data = ['--data', join(folder, 'store.sqlite'), '--admin', 'admin:secret', '--log-level', 'error']
// PouchDB lets go of a request that fails when its server is killed without looking at it again; Node.js would end the test for that.
process.on('unhandledRejection', (error) => {
  if (!['ECONNRESET', 'ECONNREFUSED'].includes(error?.code)) throw error
})
let mock = await start('couchmock', data)
const port = mock.port
const there = (name) => new PouchDB(`http://admin:secret@127.0.0.1:${port}/${name}`)
const here = (name) => new PouchDB(name, { adapter: 'memory' })
const conflicts = async (db) => (await db.allDocs({ include_docs: true, conflicts: true })).rows.map((row) => row.doc)

test('the HTTP adapter writes, reads, conflicts and removes', async () => {
  const db = there('plain')
  const { rev } = await db.put({ _id: 'a', n: 1 })
  await assert.rejects(db.put({ _id: 'a', n: 2 }), { status: 409 })
  await db.put({ _id: 'a', _rev: rev, n: 2 })
  assert.equal((await db.get('a')).n, 2)
  assert.deepEqual((await db.get('a', { revs: true }))._revisions.start, 2)
  await db.putAttachment('a', 'x.txt', (await db.get('a'))._rev, Buffer.from('hello').toString('base64'), 'text/plain')
  assert.equal((await db.getAttachment('a', 'x.txt')).toString(), 'hello')
  await db.remove(await db.get('a'))
  await assert.rejects(db.get('a'), { status: 404, reason: 'deleted' })
  assert.equal((await db.info()).doc_count, 0)
})

// Of attachments that CouchDB keeps compressed (text) the digest is that of the compressed bytes, and differs from PouchDB's: so no text here.
test('a replica is equal in both directions, conflicts and attachments too', async () => {
  const local = here('local'), remote = there('remote')
  for (let i = 0; i < 120; i++) await local.put({ _id: `l${i}`, i, _attachments: i % 40 ? undefined : { f: { content_type: 'image/png', data: btoa(`file ${i}`) } } })
  await remote.bulkDocs(Array.from({ length: 80 }, (_, i) => ({ _id: `r${i}`, i })))
  await local.put({ _id: 'both', from: 'here' })
  await remote.put({ _id: 'both', from: 'there' })
  await local.sync(remote)
  assert.deepEqual(await conflicts(local), await conflicts(remote))
  assert.equal((await remote.get('both', { conflicts: true }))._conflicts.length, 1)
  assert.equal((await remote.getAttachment('l40', 'f')).toString(), 'file 40')
})

test('live replication carries each change over, both ways', async () => {
  const local = here('live'), remote = there('live')
  const sync = local.sync(remote, { live: true, retry: true, heartbeat: 1000 })
  sync.on('error', () => {})
  await local.put({ _id: 'from-here' })
  await until('it there', () => remote.get('from-here').catch(() => null))
  await remote.put({ _id: 'from-there' })
  await until('it here', () => local.get('from-there').catch(() => null))
  sync.cancel()
})

test('live replication goes on after the server was killed and came back with its data', async () => {
  const local = here('restart'), remote = there('restart')
  const sync = local.sync(remote, { live: true, retry: true, heartbeat: 1000, back_off_function: () => 100 })
  await local.bulkDocs(Array.from({ length: 50 }, (_, i) => ({ _id: `before${i}` })))
  await until('all there', async () => (await remote.info()).doc_count === 50)
  await mock.end('SIGKILL')
  await local.bulkDocs(Array.from({ length: 50 }, (_, i) => ({ _id: `meanwhile${i}` })))
  mock = await start('couchmock', data, { port })
  await until('all there again', async () => (await remote.info().catch(() => ({}))).doc_count === 100, 20_000)
  await remote.put({ _id: 'afterwards' })
  await until('it here', () => local.get('afterwards').catch(() => null), 20_000)
  sync.cancel()
  assert.deepEqual((await local.allDocs()).rows.map((row) => [row.id, row.value.rev]), (await remote.allDocs()).rows.map((row) => [row.id, row.value.rev]))
})

test('a second replication begins where the first one ended', async () => {
  const remote = there('remote'), copy = here('copy')
  const first = await PouchDB.replicate(remote, copy)
  await remote.put({ _id: 'one more' })
  const second = await PouchDB.replicate(remote, copy)
  assert.ok(first.docs_read > 100)
  assert.equal(second.docs_read, 1)
})

await run()
