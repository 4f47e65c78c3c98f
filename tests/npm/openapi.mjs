// The description of the HTTP interface, judged by somebody else's validator, and a node judged by the description: every operation is called, and
// what comes back is what it says, status by status.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { parse } from 'yaml'
import { folder, run, start, test, until } from './lib/programs.mjs'

const source = process.env.DAVENPORT_SOURCE ?? new URL('../..', import.meta.url).pathname
const description = parse(readFileSync(join(source, 'node/openapi.yaml'), 'utf8'))
const store = await start('couchmock', ['--log-level', 'error'])
const node = await start('chatnode', ['--store', `${store.url}/chat`, '--journal', join(folder, 'journal'), '--log-level', 'error'])
await until('the store is up', async () => (await (await fetch(`${node.url}/readyz`)).json()).store === 'up')

const ajv = new Ajv({ strict: false, allErrors: true })
addFormats(ajv)
ajv.addSchema(description, 'openapi')
const pointer = (path) => path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1')).map(encodeURIComponent).join('/')
const resolve = (thing) => (thing.$ref ? thing.$ref.slice(2).split('/').reduce((at, step) => at[step], description) : thing)
const whereOf = (thing, path) => (thing.$ref ? thing.$ref.slice(2).split('/') : path)

const called = new Set()
/// Calls an operation, and compares status, type and body with what is described.
async function call(method, path, target, options = {}) {
  const answer = await fetch(node.url + target, { method: method.toUpperCase(), ...options })
  const { responses } = description.paths[path][method]
  const status = responses[answer.status] ? String(answer.status) : 'default'
  assert.ok(responses[status], `${method} ${path} is not described to answer ${answer.status}`)
  called.add(`${method} ${path} ${status}`)
  const [type, content] = Object.entries(resolve(responses[status]).content)[0]
  assert.ok(answer.headers.get('content-type').startsWith(type), `${method} ${target}: ${answer.headers.get('content-type')}`)
  for (const name of Object.keys(resolve(responses[status]).headers ?? {})) assert.ok(answer.headers.has(name), `${name} of ${method} ${target}`)
  if (type !== 'application/json') return answer.body.cancel()
  const body = await answer.json()
  const at = [...whereOf(responses[status], ['paths', path, method, 'responses', status]), 'content', type, 'schema']
  assert.ok(content.schema)
  const judge = ajv.compile({ $ref: `openapi#/${pointer(at)}` })
  assert.ok(judge(body), `${method} ${target}: ${JSON.stringify(body)}: ${ajv.errorsText(judge.errors)}`)
  return body
}
const json = (body, headers = {}) => ({ body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers } })

test('the description is well-formed OpenAPI', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(description))
  assert.ok(valid, JSON.stringify(errors))
})

test('a node answers as is described, when all is well', async () => {
  const messages = '/api/rooms/{room}/messages'
  await call('post', messages, '/api/rooms/lobby/messages', json({ user: 'ann', text: 'one' }))
  await call('get', messages, '/api/rooms/lobby/messages?limit=1')
  const secret = 'a secret that nobody guesses'
  const { id } = await call('post', messages, '/api/rooms/lobby/messages', json({ user: 'ann', text: 'to be changed', secret }))
  const one = '/api/rooms/{room}/messages/{id}', target = `/api/rooms/lobby/messages/${encodeURIComponent(id)}`
  await call('put', one, target, json({ text: 'changed' }, { 'Message-Secret': secret }))
  await call('delete', one, target, { headers: { 'Message-Secret': secret } })
  const { next } = await call('get', '/api/rooms/{room}/poll', '/api/rooms/lobby/poll')
  await call('get', '/api/rooms/{room}/poll', `/api/rooms/lobby/poll?timeout=0&after=${encodeURIComponent(next)}`)
  await call('get', '/api/rooms/{room}/events', '/api/rooms/lobby/events')
  assert.equal((await call('get', '/api/search', '/api/search?q=one&limit=1')).messages.length, 1)
  await call('get', '/api/search', '/api/search?q=one&room=lobby')
  assert.equal((await call('get', '/api/rooms', '/api/rooms')).rooms.length, 1)
  await call('get', '/api/rooms/{room}', '/api/rooms/lobby')
  assert.deepEqual((await call('get', '/api/rooms/{room}/names', `/api/rooms/lobby/names?like=${encodeURIComponent('\u0430nn')}`)).alike, ['ann'])
  await call('get', '/api/session', '/api/session')
  await call('delete', '/api/session', '/api/session')
  await call('get', '/readyz', '/readyz')
  await call('get', '/healthz', '/healthz')
  await until('the same key is known to be stored', async () => (await call('post', messages, '/api/rooms/lobby/messages', json({ user: 'ann', text: 'two' }, { 'Idempotency-Key': freshKey }))).state === 'stored')
})

test('and when something is wrong', async () => {
  const messages = '/api/rooms/{room}/messages'
  await call('get', '/api/rooms/{room}/names', '/api/rooms/lobby/names?like=%E2%80%8B')
  await call('post', messages, '/api/rooms/lobby/messages', { body: 'text' })
  await call('post', messages, '/api/rooms/lobby/messages', json({ user: 'ann' }))
  await call('post', messages, '/api/rooms/lobby/messages', json({ user: '', text: 'x' }))
  await call('post', messages, '/api/rooms/lobby/messages', json({ user: 'ann', text: 'x'.repeat(9000) }))
  await call('post', messages, '/api/rooms/lobby/messages', json({ user: 'ann', text: 'x' }, { 'Idempotency-Key': 'nonsense' }))
  await call('get', messages, '/api/rooms/No/messages')
  await call('put', '/api/rooms/{room}/messages/{id}', '/api/rooms/lobby/messages/lobby%3Anothing', json({ text: 'x' }))
  await call('delete', '/api/rooms/{room}/messages/{id}', '/api/rooms/lobby/messages/lobby%3Anothing', { headers: { 'Message-Secret': 'short' } })
  await call('get', messages, '/api/rooms/lobby/messages?limit=0')
  await call('get', '/api/rooms/{room}/poll', '/api/rooms/lobby/poll?after=nonsense')
  await call('get', '/api/rooms/{room}/events', '/api/rooms/lobby/events?after=nonsense')
  await call('get', '/api/search', '/api/search')
  await call('get', '/api/rooms', '/api/rooms?limit=none')
  await call('post', '/api/session', '/api/session', json({ name: 'ann', password: 'pw' }))
  await call('put', '/api/rooms/{room}', '/api/rooms/lobby', json({ topic: 'tea' }))
  await call('get', '/api/rooms/{room}', '/api/rooms/No')
  for (const [path, target] of [['/api/rooms/{room}/bans', '/api/rooms/lobby/bans'], ['/api/bans', '/api/bans']]) {
    await call('get', path, target)
    await call('put', `${path}/{name}`, `${target}/mallory`, json({ reason: 'spam' }))
    await call('delete', `${path}/{name}`, `${target}/mallory`)
  }
})

test('(and every operation was called)', () => {
  for (const [path, methods] of Object.entries(description.paths))
    for (const method of Object.keys(methods).filter((one) => one !== 'parameters'))
      assert.ok([...called].some((one) => one.startsWith(`${method} ${path} `)), `${method} ${path}`)
})

/// A key of this moment, as PROTOCOL.md tells: 48 bits of milliseconds and 16 of a counter.
const freshKey = (() => {
  let bits = BigInt(Date.now()) << 16n
  let out = ''
  for (let i = 0; i < 13; ++i, bits >>= 5n) out = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Number(bits & 31n)] + out
  return `${out}-openapi`
})()

await run(async () => { await node.end(); await store.end() })
