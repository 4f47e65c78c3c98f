// A real CouchDB replicates with couchmock, in both directions, continuously, while couchmock is killed and comes back; then both must hold
// the same leaves of every document. Run it by hand against a CouchDB on this machine: COUCHDB=http://user:password@127.0.0.1:5984 node replication.mjs
import assert from 'node:assert/strict'
import { join } from 'node:path'
import nano from 'nano'
import { folder, run, start, test, until } from './lib/programs.mjs'

if (!process.env.COUCHDB) {
  console.log('COUCHDB is not set: the URL of a CouchDB on this machine, with an admin and its password')
  process.exit(64)
}
const data = ['--data', join(folder, 'store.sqlite'), '--admin', 'admin:secret', '--log-level', process.env.MOCK_LOG ?? 'error']
let mock = await start('couchmock', data)
const name = `davenport-replication-${process.pid}`
const couchUrl = process.env.COUCHDB.replace(/\/$/, '')
const mockUrl = `http://admin:secret@127.0.0.1:${mock.port}`
const couch = nano(couchUrl), mocked = nano(mockUrl)

/// Every leaf of every document, with its whole ancestry and attachments.
async function leaves(server) {
  const db = server.use(name)
  const ids = (await db.changes({ style: 'all_docs' })).results.map((row) => row.id).filter((id) => !id.startsWith('_'))
  const all = {}
  for (const id of ids.sort()) {
    const found = await server.request({ db: name, doc: id, qs: { open_revs: 'all', revs: true, attachments: true } })
    all[id] = found.map((leaf) => JSON.stringify(leaf.ok)).sort()
  }
  return all
}

const jobs = []
async function replicate(source, target) {
  const id = `${name}-${jobs.length}`
  await couch.use('_replicator').insert({ source: `${source}/${name}`, target: `${target}/${name}`, continuous: true }, id)
  jobs.push(id)
}

async function same(patience) {
  let a, b
  await until('both to be equal', async () => {
    try { [a, b] = [await leaves(couch), await leaves(mocked)] } catch { return false }
    return JSON.stringify(a) === JSON.stringify(b)
  }, patience).catch(() => assert.deepEqual(b, a))
  return Object.keys(a).length
}

test('CouchDB and couchmock replicate with each other until both are equal', async () => {
  await couch.db.create(name)
  await mocked.db.create(name)
  for (const [server, letter] of [[couch, 'c'], [mocked, 'm']]) {
    const db = server.use(name)
    await db.bulk({ docs: Array.from({ length: 300 }, (_, i) => ({ _id: `${letter}${i}`, i, text: '☃'.repeat(i % 50) })) })
    await db.insert({ from: letter }, 'both')
    await db.attachment.insert(`file-${letter}`, 'bytes', Buffer.alloc(50_000, letter), 'application/octet-stream')
    const gone = await db.insert({}, `gone-${letter}`)
    await db.destroy(`gone-${letter}`, gone.rev)
  }
  await replicate(couchUrl, mockUrl)
  await replicate(mockUrl, couchUrl)
  const count = await same(60_000)
  assert.equal(count, 2 * 300 + 1 + 2 + 2)
  assert.equal((await mocked.use(name).get('both', { conflicts: true }))._conflicts.length, 1)
})

test('and go on with it after couchmock was killed and came back', async () => {
  const { port } = mock
  await mock.end('SIGKILL')
  await couch.use(name).bulk({ docs: Array.from({ length: 100 }, (_, i) => ({ _id: `later-c${i}` })) })
  mock = await start('couchmock', data, { port })
  await mocked.use(name).bulk({ docs: Array.from({ length: 100 }, (_, i) => ({ _id: `later-m${i}` })) })
  await same(300_000)  // CouchDB's replicator waits longer from failure to failure
})

test('(clean up)', async () => {
  const replicator = couch.use('_replicator')
  for (const id of jobs) await replicator.destroy(id, (await replicator.get(id))._rev)
  await couch.db.destroy(name)
})

await run()
