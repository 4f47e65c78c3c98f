// `chatnode admin` as an operator uses it: on the store, while two nodes run that follow it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, programs, run, start, test, until } from './lib/programs.mjs'

const source = process.env.DAVENPORT_SOURCE ?? new URL('../..', import.meta.url).pathname
const store = await start('couchmock', ['--admin', 'admin:secret', '--log-level', 'error'])
const url = `${store.url.replace('//', '//admin:secret@')}/chat`
const nodes = []
for (const name of ['one', 'two']) nodes.push(await start('chatnode', ['--store', url, '--auth', 'couchdb', '--name', name, '--journal', join(folder, name)]))
for (const node of nodes) await until('the store is up', async () => (await (await fetch(`${node.url}/readyz`)).json()).store === 'up')

/// Ends by itself or is awaited for 20 s; `input`: what it reads. Not spawnSync: a server in this process may have to answer.
function execute(command, args, { input = '', env = {} } = {}) {
  const child = spawn(command, args, { cwd: folder, env: { PATH: `${programs}:${process.env.PATH}`, DAVENPORT_STORE: url, ...env }, timeout: 20_000 })
  const out = { stdout: '', stderr: '' }
  child.stdout.on('data', (data) => (out.stdout += data))
  child.stderr.on('data', (data) => (out.stderr += data))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((done) => child.once('close', (status) => done({ ...out, status })))
}
const tried = (args, options) => execute(join(programs, 'chatnode'), ['admin', ...args], options)
async function admin(...args) {
  const { status, stdout, stderr } = await tried(args, { input: 'tea\n' })
  assert.equal(status, 0, stderr)
  return stdout
}
const told = async (...args) => JSON.parse(await admin(...args, '--json'))
async function refused(exit, words, args, options) {
  const { status, stdout, stderr } = await tried(args, options)
  assert.equal(status, exit, stderr)
  assert.match(stderr, words)
  assert.equal(stdout, '')
  assert.equal(stderr.trim().split('\n').length, 1, stderr)
}
const couch = async (method, path, body) => (await fetch(store.url + path, {
  method, headers: { Authorization: `Basic ${btoa('admin:secret')}`, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body),
})).json()

async function sign_in(node, name, password = 'tea') {
  const answer = await fetch(`${node.url}/api/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name, password }) })
  assert.equal(answer.status, 200, await answer.text())
  return { Cookie: answer.headers.get('set-cookie').split(';')[0], 'Content-Type': 'application/json' }
}
const posts = async (node, headers, room = 'lobby') => (await fetch(`${node.url}/api/rooms/${room}/messages`, { method: 'POST', headers, body: JSON.stringify({ text: 'hello' }) })).status
const all = async (ask) => Promise.all(nodes.map(ask))

let mallory
test('people are added, and sign in at both nodes', async () => {
  assert.match(await admin('people', 'add', 'anna', '--role', 'staff', '--password-file', '-'), /^anna has an account now, with the role staff\.\n$/)
  assert.match(await admin('people', 'add', 'mallory', '--password-file', '-'), /^mallory has an account now, with no role\.\n$/)
  mallory = await sign_in(nodes[0], 'mallory')
  await until('both nodes take posts', async () => (await all((node) => posts(node, mallory))).every((status) => status < 300))
  assert.match(await admin('people', 'list'), /^NAME +ROLES\nanna +staff\nmallory\n$/)
  assert.deepEqual(await told('people', 'list'), { people: [{ name: 'anna', roles: ['staff'] }, { name: 'mallory', roles: [] }] })
})

test('a ban puts a person out at both nodes at once, and lifting it lets them in', async () => {
  const streams = await all(async (node) => {
    const answer = await fetch(`${node.url}/api/rooms/lobby/events`, { headers: mallory })
    const stream = { told: '' }
    ;(async () => { for await (const bytes of answer.body) stream.told += new TextDecoder().decode(bytes) })().catch(() => {})
    return stream
  })
  const banned = await admin('bans', 'add', 'Mallory', '--room', 'lobby', '--for', '2d', '--reason', 'tea time')
  assert.match(banned, /^Mallory is banned from lobby until 20.*Z, by admin\.\n$/)
  await until('both nodes refuse', async () => (await all((node) => posts(node, mallory))).every((status) => status === 403), 5000)
  for (const stream of streams) await until('the open streams say so', () => /event: put-out\ndata: .*tea time/.test(stream.told), 5000)
  assert.ok((await all((node) => posts(node, mallory, 'lab'))).every((status) => status < 300), 'elsewhere is elsewhere')
  assert.match(await admin('bans', 'list'), /^NAME +FROM +UNTIL +BY +REASON\nMallory +lobby +20\S+ +admin +tea time\n$/)
  const { bans } = await told('bans', 'list', '--room', 'lobby')
  assert.deepEqual({ ...bans[0], until: '' }, { name: 'Mallory', room: 'lobby', by: 'admin', reason: 'tea time', until: '' })
  assert.deepEqual(await told('bans', 'list', '--room', 'lab'), { bans: [] })
  assert.match(await admin('bans', 'lift', 'mallory', '--room', 'lobby', '--by', 'the office'), /^mallory is not banned from lobby any more, by the office\.\n$/)
  await until('both nodes take posts', async () => (await all((node) => posts(node, mallory))).every((status) => status < 300), 5000)
})

test("a room's topic, and who writes there, show up at both nodes; what is cleared is gone", async () => {
  const shown = async (node) => (await fetch(`${node.url}/api/rooms/lab`, { headers: mallory })).json()
  await admin('rooms', 'set', 'lab', '--topic', 'Glass, fire', '--writers', 'anna,role:staff', '--slow-mode', '5s', '--retention', '30d')
  for (const node of nodes) {
    const room = await until('the topic is there', async () => { const room = await shown(node); return room.topic === 'Glass, fire' && room }, 5000)
    assert.deepEqual(room.writers, { names: ['anna'], roles: ['staff'] })
    assert.deepEqual([room.slow_s, room.retention_days, room.by], [5, 30, 'admin'])
  }
  // A node may first have to ask what roles he has.
  await until('he may not write', async () => (await all((node) => posts(node, mallory, 'lab'))).every((status) => status === 403), 5000)
  assert.match(await admin('rooms', 'list'), /^ROOM.*\nlab +everybody +anna,role:staff +5s +30d +admin +Glass, fire\n$/)
  await admin('rooms', 'set', 'lab', '--topic', '', '--writers', 'everybody', '--slow-mode', 'off', '--retention', 'off')
  await until('all is open', async () => (await all(shown)).every((room) => room.topic === '' && !room.writers && !room.slow_s && !room.retention_days), 5000)
  assert.match(await admin('rooms', 'show', 'lab'), /^room +lab\ntopic\nreaders +everybody\nwriters +everybody\nslow-mode +off\nretention +off\nset by +admin\n$/)
})

test('an account that is removed, or gets another password, is signed out', async () => {
  const anna = await sign_in(nodes[0], 'anna')
  await until('she is known', async () => (await all((node) => posts(node, anna))).every((status) => status < 300))
  assert.match(await admin('people', 'roles', 'anna', '+davenport-moderator', '-staff'), /^anna now has the role davenport-moderator\.\n$/)
  await until('she moderates', async () => (await fetch(`${nodes[1].url}/api/bans`, { headers: anna })).status === 200, 60_000)
  assert.match((await execute(join(programs, 'chatnode'), ['admin', 'people', 'password', 'anna', '--password-file', '-'], { input: 'coffee\n' })).stdout, /^anna has another password now/)
  assert.match(await admin('people', 'remove', 'mallory'), /^The account mallory is gone/)
  await until('both are out', async () => (await all(async (node) => [await posts(node, anna), await posts(node, mallory)])).flat().every((status) => status === 401), 60_000)
  await sign_in(nodes[0], 'anna', 'coffee')
})

test('what is wrong is told in one line, with the remedy and an exit code', async () => {
  await refused(1, /anna has an account already/, ['people', 'add', 'anna', '--password-file', '-'], { input: 'x\n' })
  await refused(1, /no account has the name ana; did you mean anna\?/, ['people', 'roles', 'ana', '+x'])
  await refused(1, /did you mean davenport-moderator\?/, ['people', 'roles', 'anna', '-davenport-moderater'])
  await refused(64, /CouchDB's own/, ['people', 'roles', 'anna', '+_admin'])
  await refused(64, /--password-file/, ['people', 'password', 'anna', '--password', 'tea'])
  await refused(64, /did you mean people\?/, ['peple', 'list'])
  await refused(64, /did you mean list\?/, ['bans', 'lst'])
  await refused(64, /--room ROOM, or --everywhere/, ['bans', 'add', 'eve'])
  await refused(64, /--for 2y: give a number and s, m, h, d or w/, ['bans', 'add', 'eve', '--room', 'lab', '--for', '2y'])
  await refused(64, /over already/, ['bans', 'add', 'eve', '--room', 'lab', '--until', '2020-01-01'])
  await refused(64, /No Room: no room can have that name/, ['rooms', 'show', 'No Room'])
  await refused(64, /in whole days/, ['rooms', 'set', 'lab', '--retention', '36h'])
  await refused(64, /stands alone/, ['rooms', 'set', 'lab', '--readers', 'anna', '--readers', 'everybody'])
  await refused(1, /eve is not banned from lab/, ['bans', 'lift', 'eve', '--room', 'lab'])
  const at = (where) => ({ env: { DAVENPORT_STORE: where } })
  await refused(1, /does not take this name and password/, ['bans', 'list'], at(url.replace('secret', 'wrong')))
  await refused(1, /a server's administrator/, ['people', 'list'], at(url.replace('admin:secret', 'anna:coffee')))
  await refused(1, /no database nothing/, ['rooms', 'list'], at(url.replace('/chat', '/nothing')))
  await refused(64, /nats pub/, ['bans', 'add', 'eve', '--room', 'lab'], at('nats://127.0.0.1:4222/chat'))
  await refused(64, /names are free/, ['people', 'list'], at('nats://127.0.0.1:4222/chat'))
  await refused(2, /does not answer .*nothing was changed/, ['bans', 'list'], at('http://127.0.0.1:1/chat'))
  await couch('PUT', '/chat/davenport-ban~odd', { what: 'ban', who: 'eve', room: 'No Room' })
  const odd = await tried(['bans', 'list', '--json'])
  assert.deepEqual([odd.status, odd.stdout], [0, '{"bans":[]}\n'])
  assert.match(odd.stderr, /a document counts for nothing: davenport-ban~odd: `room`/)
})

test('the examples for operators do what they say', async () => {
  const text = readFileSync(join(source, 'node/OPERATING.md'), 'utf8')
  const section = /## People, bans and rooms\n([^]*?)\n## /.exec(text)[1]
  const examples = section.split('\n').filter((line) => line.startsWith('    ')).map((line) => line.trim())
  assert.ok(examples.length >= 8)
  writeFileSync(join(folder, 'bert.password'), 'tea\n')
  for (const example of examples) {
    const { status, stderr } = await execute('sh', ['-c', example.replaceAll('http://admin:secret@127.0.0.1:5984/chat', url)])
    assert.equal(status, 0, `${example}\n${stderr}`)
  }
})

test('the completion of a shell knows the commands and their options', async () => {
  const completed = async (...words) => {
    const program = ['chatsim', 'couchmock'].includes(words[0]) ? words.shift() : 'chatnode'
    const script = `. ${join(source, 'node/package/completions.bash')}; COMP_WORDS=(${program} ${words.join(' ')} ''); COMP_CWORD=${words.length + 1}; _davenport ${program}; echo "\${COMPREPLY[@]}"`
    return (await execute('bash', ['-c', script])).stdout.trim().split(' ')
  }
  assert.ok((await completed()).includes('admin'))
  assert.deepEqual((await completed('admin')).filter((word) => !word.startsWith('-')), ['people', 'bans', 'rooms'])
  const add = await completed('admin', 'bans', 'add')
  for (const option of ['--room', '--everywhere', '--reason', '--until', '--for', '--by', '--store', '--json']) assert.ok(add.includes(option), option)
  assert.ok(!add.includes('--auth'), 'what a text speaks of is no option')
  assert.deepEqual(await completed('--feed'), ['continuous', 'longpoll', 'poll'])
  assert.deepEqual(await completed('admin', 'bans', 'add', '--room'), [''])
  assert.ok((await completed('store')).includes('copy'))
  assert.ok((await completed('chatsim', 'sweep')).includes('--nats-servers'))
  assert.ok((await completed('couchmock')).includes('--members'))
  assert.deepEqual(await completed('couchmock', '--javascript'), ['on', 'off'])
})

test('help of every command is in groups, has no type of a library, fits a terminal, and ends with what to type', async () => {
  const looked = []
  const look = async (program, ...words) => {
    const said = await execute(join(programs, program), [...words, '--help'])
    looked.push([program, ...words].join(' '))
    const { stdout } = said
    const where = looked.at(-1)
    assert.doesNotMatch(stdout.replace(/--(reason|topic) TEXT/g, ''), /\b(TEXT|U?INT|FLOAT|BOOLEAN|REQUIRED|Needs|Excludes)\b/, where)
    assert.match(stdout, /^Help:$/m, where)
    const [lines, footer] = stdout.split(/^(?=Examples?:)/m)
    for (const line of lines.split('\n')) assert.ok(line.length <= 112, `${where}: ${line}`)
    const commands = [...(stdout.split('\nSubcommands:\n')[1] ?? '').split('\n\n')[0].matchAll(/^ {2}([a-z]+) /gm)].map((one) => one[1])
    for (const command of commands) await look(program, ...words, command)
    if (!commands.length && !/^chatnode admin (people|rooms|bans) (list|show|remove|password|lift)/.test(where)) assert.ok(footer, `${where} has no example`)
  }
  for (const program of ['chatnode', 'couchmock', 'chatsim']) await look(program)
  assert.ok(looked.length > 35, looked.join(', '))
})

await run(async () => { for (const one of [...nodes, store]) await one.end() })
