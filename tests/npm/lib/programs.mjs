// Starts our programs for a test: on free ports of 127.0.0.1, with a folder of their own, ended by their own pid whatever happens.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const programs = process.env.DAVENPORT_PROGRAMS ?? new URL('../../../build/release/bin', import.meta.url).pathname
export const folder = mkdtempSync(join(tmpdir(), 'davenport-'))
const running = new Set()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/// Waits until `condition` gives something true, and gives that; after `patience_ms` it throws with `what`.
export async function until(what, condition, patience_ms = 10_000) {
  const end = Date.now() + patience_ms
  for (;;) {
    const found = await condition()
    if (found) return found
    if (Date.now() > end) throw new Error(`waited ${patience_ms} ms for: ${what}`)
    await new Promise((wake) => setTimeout(wake, 10))
  }
}

let count = 0

/// A program of ours that writes its port to a file once it listens. `port`: the one to take, or a free one.
export async function start(name, args, { port = 0 } = {}) {
  const file = join(folder, `${name}-${++count}.port`)
  const child = spawn(join(programs, name), ['--listen', `127.0.0.1:${port}`, '--port-file', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  child.stdout.on('data', (data) => (told += data))
  child.stderr.on('data', (data) => (told += data))
  running.add(child)
  const ended = new Promise((done) => child.once('exit', (code, signal) => (running.delete(child), done({ code, signal }))))
  const read = () => {
    if (child.exitCode !== null) throw new Error(`${name} ended at once: ${told}`)
    try { return Number(readFileSync(file, 'utf8')) } catch { return 0 }
  }
  const listening = await until(`${name} to listen`, read)
  return {
    port: listening,
    pid: child.pid,
    url: `http://127.0.0.1:${listening}`,
    told: () => told,
    /// Resolves to its {code, signal}.
    ended,
    /// `wait`: until it has ended; false for a signal that it lives on after.
    end: (signal = 'SIGTERM', wait = true) => (child.kill(signal), wait ? ended : undefined),
  }
}

const tests = []

const only = new RegExp(process.env.DAVENPORT_ONLY ?? '')  // for work on some of the sentences

/// A test is a sentence. They run one after the other when the script is at its end; the first line that fails is told.
export function test(sentence, options, body = options) { if (!options.skip && only.test(sentence)) tests.push({ sentence, body }) }

/// `onFailure(sentence)`: to keep what helps to see why.
export async function run(afterwards = () => {}, onFailure = () => {}) {
  let failed = 0
  for (const { sentence, body } of tests) {
    try {
      await body()
      console.log(`ok      ${sentence}`)
    } catch (error) {
      failed++
      console.log(`FAILED  ${sentence}\n${error.stack ?? error}`)
      await onFailure(sentence)
    }
  }
  await afterwards()
  process.exit(failed ? 1 : 0)
}
