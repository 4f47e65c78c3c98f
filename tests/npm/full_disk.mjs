// A node whose disk takes nothing more: the kernel refuses to let its files grow (RLIMIT_FSIZE), as a full disk would.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, run, start, test, until } from './lib/programs.mjs'

const store = await start('couchmock', ['--log-level', 'error'])
const at_port = async (node) => (await until('the metrics are announced', () => node.told().match(/http:\/\/127\.0\.0\.1:\d+\/metrics/)))[0]
const node_at = (name) => start('chatnode', ['--store', `${store.url}/chat`, '--journal', join(folder, name), '--metrics', '127.0.0.1:0', '--posts-per-second', '0'])
const limit = (node, bytes) => execFileSync('prlimit', ['--pid', String(node.pid), `--fsize=${bytes}:unlimited`])
const post = async (node, text) => {
  const answer = await fetch(`${node.url}/api/rooms/lobby/messages`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ user: 'ann', text }), signal: AbortSignal.timeout(10_000) })
  return { status: answer.status, retry: answer.headers.get('retry-after'), body: await answer.json() }
}
const ready = async (node) => { const answer = await fetch(`${node.url}/readyz`); return { code: answer.status, ...(await answer.json()) } }
const figure = async (node, name) => Number((await (await fetch(await at_port(node))).text()).match(new RegExp(`^${name} (\\S+)$`, 'm'))[1])

test('every post is answered on a full disk, reading goes on, and it is told when it begins and when it is over', async () => {
  const node = await node_at('full')
  assert.ok((await post(node, 'before')).status < 300)
  assert.equal(await figure(node, 'davenport_journal_writable'), 1)
  limit(node, statSync(join(folder, 'full-wal')).size)
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => post(node, `full ${i} ${randomBytes(2000).toString('hex')}`)))
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [503])
  assert.ok(answers.every(({ retry, body }) => Number(retry) >= 1 && body.error === 'not_now'))
  assert.deepEqual(await ready(node).then(({ code, status, journal }) => [code, status, journal]), [503, 'read-only', 'unwritable'])
  assert.equal(await figure(node, 'davenport_journal_writable'), 0)
  const { messages } = await (await fetch(`${node.url}/api/rooms/lobby/messages`)).json()
  // The store may have taken some of them before the disk refused: those are said, whatever their senders were told.
  assert.equal(messages.filter(({ text }) => text === 'before').length, 1)
  assert.ok(messages.every(({ text }) => text === 'before' || /^full \d+ /.test(text)))
  assert.equal(new Set(messages.map(({ id }) => id)).size, messages.length)
  assert.match(node.told(), /journal: cannot write/)
  limit(node, 'unlimited')
  await until('it is over', async () => (await ready(node)).code === 200)
  assert.match(node.told(), /journal: it can be written again/)
  assert.ok((await post(node, 'after')).status < 300)
  await node.end()
})

test('SIGTERM ends a node on a full disk in time, and who waits is answered', async () => {
  const node = await node_at('ending')
  await post(node, 'before')
  limit(node, statSync(join(folder, 'ending-wal')).size)
  const waiting = Array.from({ length: 10 }, (_, i) => post(node, `full ${i}`))
  await new Promise((wake) => setTimeout(wake, 200))
  const begun = Date.now()
  await node.end('SIGTERM')
  assert.ok(Date.now() - begun < 10_000, `${Date.now() - begun} ms`)
  for (const { status } of await Promise.all(waiting)) assert.equal(status, 503)
})

test('a journal that is removed while its node runs is noticed, and nothing is accepted into it', async () => {
  const node = await node_at('removed')
  assert.ok((await post(node, 'before')).status < 300)
  renameSync(join(folder, 'removed'), join(folder, 'elsewhere'))
  assert.equal((await post(node, 'gone')).status, 503, 'at the first commit')
  await until('it is said', () => /was removed while the node runs/.test(node.told()))
  assert.equal((await ready(node)).code, 503)
  writeFileSync(join(folder, 'removed'), '')
  await until('another file is not it', async () => /was replaced by another/.test(node.told()))
  renameSync(join(folder, 'elsewhere'), join(folder, 'removed'))
  await until('it is in its place again', async () => (await ready(node)).code === 200)
  assert.ok((await post(node, 'after')).status < 300)
  await node.end()
})

for (const bytes of [0, 100, 5000])
  test(`an index of the log that is cut to ${bytes} bytes ends the node with a word, and the next start has everything`, async () => {
    const name = `cut-${bytes}`, said = Array.from({ length: 30 }, (_, i) => `m${i}`)
    let node = await node_at(name)
    for (const text of said) assert.ok((await post(node, text)).status < 300)
    truncateSync(join(folder, `${name}-shm`), bytes)
    post(node, 'after').catch(() => {})
    assert.deepEqual(await node.ended, { code: 1, signal: null })
    assert.match(node.told(), /cut short.*Start it again/)
    node = await node_at(name)
    const { messages } = await (await fetch(`${node.url}/api/rooms/lobby/messages?limit=500`)).json()
    const found = new Set(messages.map(({ text }) => text))
    assert.deepEqual(said.filter((text) => !found.has(text)), [])
    assert.ok((await post(node, 'again')).status < 300)
    await node.end()
  })

await run(async () => { await store.end() })
