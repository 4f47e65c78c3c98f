// A client's retry, tested against couchmock: the store answers 503 with Retry-After, and the client waits as it was told.
//
//     COUCHMOCK=build/release/bin/couchmock node --test couchmock/examples/retry.test.mjs
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

/** The client under test: it writes a document, and waits as long as the store asks it to. */
async function save(url, document, tries = 3) {
  const waits = []
  for (let n = 0; n < tries; ++n) {
    const answer = await fetch(url, { method: 'PUT', body: JSON.stringify(document), headers: { 'Content-Type': 'application/json' } })
    await answer.arrayBuffer()
    if (answer.ok || answer.status === 409) return waits
    waits.push(Number(answer.headers.get('Retry-After') ?? 1))
    await sleep(waits.at(-1) * 1000)
  }
  throw new Error('the store did not take the document')
}

let folder, couchmock, store, control

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retry-'))
  couchmock = spawn(process.env.COUCHMOCK ?? 'couchmock', ['--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--port-file', join(folder, 'port'),
    '--control-port-file', join(folder, 'control'), '--log-level', 'off'], { stdio: 'ignore' })
  const port = async name => {
    for (let n = 0; n < 100; ++n, await sleep(50)) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => '')
      if (text.trim()) return `http://127.0.0.1:${text.trim()}`
    }
    throw new Error('couchmock did not start')
  }
  store = await port('port')
  control = await port('control')
  await fetch(`${store}/db`, { method: 'PUT' })
})

after(async () => {
  couchmock.kill()
  await rm(folder, { recursive: true })
})

test('the client waits as Retry-After says, and stores the document once', async () => {
  const rule = { fault: 'store.error', status: 503, retry_after_s: 1, count: 2, match: { method: 'PUT', document: 'a' } }
  const set = await fetch(`${control}/_mock/faults`, { method: 'POST', body: JSON.stringify(rule), headers: { 'Content-Type': 'application/json' } })
  assert.equal(set.status, 201, await set.text())
  assert.deepEqual(await save(`${store}/db/a`, { text: 'hello' }), [1, 1])
  assert.match((await (await fetch(`${store}/db/a`)).json())._rev, /^1-/)
})
