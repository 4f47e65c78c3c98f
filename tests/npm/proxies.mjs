// The configurations of node/proxies and README's way to a first one, each as it stands but for ports, names and certificates, in front of a real node: every way in, under a
// prefix and with TLS, and whom the node takes the clients for.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import net from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { folder, programs, run, start, test, until } from './lib/programs.mjs'

const source = process.env.DAVENPORT_SOURCE ?? new URL('../..', import.meta.url).pathname
const file = (name, text) => { writeFileSync(join(folder, name), text); return join(folder, name) }
const certificate = join(folder, 'chat.example.pem'), key = join(folder, 'chat.example.key')
execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=chat.example', '-addext', 'subjectAltName=DNS:chat.example', '-keyout', key, '-out', certificate], { stdio: 'ignore' })
const both = file('both.pem', readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'))
const ca = readFileSync(certificate)

const free = () => new Promise((done) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => done(port)) })
})
const store = await start('couchmock', ['--log-level', 'error', '--admin', 'admin:secret'])
const node = await start('chatnode', ['--store', `http://admin:secret@127.0.0.1:${store.port}/chat`, '--journal', join(folder, 'journal'), '--trusted-proxy', '127.0.0.1',
  '--host', 'chat.example', '--posts-per-second', '5'])
const tlsNode = await start('chatnode', ['--store', `http://admin:secret@127.0.0.1:${store.port}/chat`, '--journal', join(folder, 'journal-tls'), '--trusted-proxy', '127.0.0.1',
  '--host', 'chat.example', '--tls-cert', both, '--posts-per-second', '5', '--auth', 'couchdb'])

const running = new Set()
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })
/// A program of others, until it listens on `port`.
async function proxy(name, args, port) {
  const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } })
  let told = '', over = false
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (told += data))
  running.add(child)
  const ended = new Promise((done) => { child.once('exit', () => { running.delete(child); over = true; done() }); child.once('error', (error) => { told += error; over = true; done() }) })
  await until(`${name} to listen`, () => {
    assert.ok(!over, `${name} ended: ${told}`)
    return new Promise((done) => {
      const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); done(true) })
      socket.on('error', () => done(false))
    })
  }, 20_000)
  return () => (child.kill('SIGTERM'), ended)
}

/// A request by https to `port`, from an address of its own (all of 127.0.0.0/8 is this machine's).
const ask = (port, method, path, { body, headers = {}, from = '127.0.0.1' } = {}) => new Promise((done, fail) => {
  const request = https.request({ host: '127.0.0.1', port, method, path, localAddress: from, servername: 'chat.example', ca, headers: { Host: 'chat.example', ...(body && { 'Content-Type': 'application/json' }), ...headers } }, (answer) => {
    let text = ''
    answer.on('data', (data) => (text += data)).on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }))
  }).on('error', fail)
  request.setTimeout(20_000, () => request.destroy(new Error(`no answer to ${method} ${path}`)))
  request.end(body && JSON.stringify(body))
})
const post = (port, text, options = {}) => ask(port, 'POST', '/chat/api/rooms/lobby/messages', { body: { user: options.user ?? 'ann', text }, ...options })

/// A WebSocket, by hand: `heard` grows.
function socket(port, path, from = '127.0.0.1') {
  const heard = []
  const wire = tls.connect({ host: '127.0.0.1', port, localAddress: from, servername: 'chat.example', ca, ALPNProtocols: ['http/1.1'] })
  wire.write(`GET ${path} HTTP/1.1\r\nHost: chat.example\r\nOrigin: https://chat.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`)
  let bytes = Buffer.alloc(0), open = false
  wire.on('error', () => {}).on('data', (data) => {
    bytes = Buffer.concat([bytes, data])
    if (!open) {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) return
      heard.push({ t: 'status', status: Number(bytes.subarray(9, 12).toString()) })
      bytes = bytes.subarray(end + 4)
      open = true
    }
    for (;;) {
      if (bytes.length < 2) return
      let size = bytes[1] & 127, at = 2
      if (size === 126) { if (bytes.length < 4) return; size = bytes.readUInt16BE(2); at = 4 }
      if (size === 127) { if (bytes.length < 10) return; size = Number(bytes.readBigUInt64BE(2)); at = 10 }
      if (bytes.length < at + size) return
      if ((bytes[0] & 15) === 1) heard.push(JSON.parse(bytes.subarray(at, at + size).toString()))
      bytes = bytes.subarray(at + size)
    }
  })
  const say = (frame) => {
    const text = Buffer.from(JSON.stringify(frame)), head = text.length < 126 ? [0x81, 0x80 | text.length] : [0x81, 0xfe, text.length >> 8, text.length & 255]
    wire.write(Buffer.concat([Buffer.from(head), Buffer.alloc(4), text]))  // a mask of zeros
  }
  return { heard, say, end: () => wire.destroy() }
}

/// What has to work behind any of them.
async function works(port) {
  const page = await ask(port, 'GET', '/chat/')
  assert.equal(page.status, 200)
  assert.match(page.text, /<title>Davenport<\/title>[^]*<script/)
  assert.equal((await ask(port, 'GET', '/chat/chat.js')).status, 200)
  assert.equal((await ask(port, 'GET', '/chat')).status, 301)
  assert.equal((await ask(port, 'GET', '/chat/readyz')).status, 200)

  const one = socket(port, '/chat/ws')
  await until('the WebSocket is open', () => one.heard.some((frame) => frame.t === 'welcome'))
  one.say({ t: 'hello', user: 'ann', v: 1 })
  one.say({ t: 'join', room: 'lobby', history: 0 })
  await until('it has joined', () => one.heard.some((frame) => frame.t === 'joined'))

  const events = []
  const stream = https.get({ host: '127.0.0.1', port, path: '/chat/api/rooms/lobby/events', servername: 'chat.example', ca, headers: { Host: 'chat.example' } }, (answer) => answer.on('data', (data) => events.push(String(data))))
  stream.on('error', () => {})
  await until('the events have begun', () => events.join('').includes('event: joined'))

  const { next } = JSON.parse((await ask(port, 'GET', '/chat/api/rooms/lobby/poll?timeout=0')).text)
  const polled = ask(port, 'GET', `/chat/api/rooms/lobby/poll?timeout=15&after=${encodeURIComponent(next)}`)
  const text = `by POST ${port}`
  assert.ok([201, 202].includes((await post(port, text, { from: '127.0.9.9', headers: { Origin: 'https://chat.example' } })).status))
  await until('the WebSocket hears it', () => one.heard.some((frame) => frame.text === text))
  await until('the event stream hears it, unbuffered', () => events.join('').includes(text), 3_000)
  assert.ok(JSON.parse((await polled).text).messages.some((message) => message.text === text))
  one.end()
  stream.destroy()
}

/// An address of this machine that is no loopback one, which the node counts by; the proxies speak from 127.0.0.1, where it counts by name.
const outside = Object.values(networkInterfaces()).flat().find(({ family, internal }) => family === 'IPv4' && !internal)?.address

/// One person under many names is one, whatever addresses he names; 40 people at 40 addresses are 40.
async function countsEachClient(port) {
  const statuses = await Promise.all(Array.from({ length: 40 }, async (_, i) => (await post(port, `from ${i}`, { from: `127.0.1.${i + 1}`, user: `person ${i}` })).status))
  assert.deepEqual(statuses.filter((status) => status === 429), [])
  if (!outside) return console.log('        (this machine has no address but its own: one person under many names is not tried)')
  const flood = await Promise.all(Array.from({ length: 30 }, async (_, i) => (await post(port, `flood ${i}`, { from: outside, user: `name ${i}`, headers: { 'X-Forwarded-For': `203.0.113.${i}`, Forwarded: `for=203.0.113.${i}` } })).status))
  assert.ok(flood.filter((status) => status === 429).length >= 10, `who names addresses of others is still one: ${flood}`)
}

test('nginx', async () => {
  const port = await free()
  const site = file('chat.conf', readFileSync(join(source, 'node/proxies/nginx.conf'), 'utf8')
    .replaceAll('/etc/ssl/chat.example.pem', certificate).replaceAll('/etc/ssl/chat.example.key', key)
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${node.port}`).replaceAll('listen 443', `listen 127.0.0.1:${port}`))
  mkdirSync(join(folder, 'nginx'))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${folder}/nginx/${what};`).join(' ')
  const main = file('nginx.conf', `daemon off; pid ${folder}/nginx.pid; error_log stderr; events {} http { access_log off; ${temporary} include ${site}; }`)
  const end = await proxy('nginx', ['-c', main, '-e', 'stderr'], port)
  await works(port)
  await countsEachClient(port)
  await end()
})

test('haproxy, with its health checks, and by the PROXY protocol', async () => {
  const port = await free(), through = await free()
  const config = file('haproxy.cfg', readFileSync(join(source, 'node/proxies/haproxy.cfg'), 'utf8')
    .replaceAll('/etc/ssl/chat.example.pem', both).replaceAll('127.0.0.1:8080', `127.0.0.1:${node.port}`).replaceAll('127.0.0.1:8444', `127.0.0.1:${tlsNode.port}`)
    .replaceAll('bind :443', `bind 127.0.0.1:${port}`).replaceAll('bind :8443', `bind 127.0.0.1:${through}`))
  const end = await proxy('haproxy', ['-db', '-f', config], port)
  await until('the health check has passed', async () => (await ask(port, 'GET', '/chat/readyz')).status === 200)
  await works(port)
  await countsEachClient(port)
  assert.equal((await ask(through, 'GET', '/healthz')).status, 200, 'TLS at the node, after the header of the PROXY protocol')
  // Five tries a second for each address.
  const tries = (name, from) => ask(through, 'POST', '/api/session', { body: { name, password: 'x' }, from, headers: { Origin: 'https://chat.example' } })
  await until('the node asks the store', async () => (await tries('first', '127.0.4.1')).status === 401)
  if (outside) {
    const all = await Promise.all(Array.from({ length: 12 }, async (_, i) => (await tries(`p${i}`, outside)).status))
    assert.ok(all.includes(401) && all.includes(429), `${all}`)
  }
  await end()
})

test('Caddy', async () => {
  const port = await free()
  const config = file('Caddyfile', '{\n\tadmin off\n\tauto_https disable_redirects\n}\n' + readFileSync(join(source, 'node/proxies/Caddyfile'), 'utf8')
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${node.port}`)
    .replace('chat.example {', `https://chat.example:${port} {\n\ttls ${certificate} ${key}\n\tbind 127.0.0.1`))
  const end = await proxy('caddy', ['run', '--config', config, '--adapter', 'caddyfile'], port)
  await works(port)
  await countsEachClient(port)
  await end()
})

test('behind TLS of a proxy a cookie is Secure', async () => {
  const couch = (path, body) => fetch(`${store.url}${path}`, { method: 'PUT', headers: { 'Content-Type': 'application/json', Authorization: `Basic ${btoa('admin:secret')}` }, body: JSON.stringify(body) })
  assert.equal((await couch('/_users/org.couchdb.user:ann', { name: 'ann', type: 'user', roles: [], password: 'pw' })).status, 201)
  const plain = await start('chatnode', ['--store', `http://admin:secret@127.0.0.1:${store.port}/chat`, '--journal', join(folder, 'journal-plain'), '--trusted-proxy', '127.0.0.1', '--auth', 'couchdb'])
  const cookie = async (headers) => (await (await until('to sign in', async () => {
    const answer = await fetch(`${plain.url}/api/session`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify({ name: 'ann', password: 'pw' }) })
    return answer.status === 200 && answer
  }))).headers.get('set-cookie')
  assert.match(await cookie({ 'X-Forwarded-Proto': 'https' }), /; Secure/)
  assert.doesNotMatch(await cookie({}), /Secure/)
  await plain.end()
})

test('README\'s lines give two nodes behind a proxy with TLS, and one is not missed', async () => {
  const section = /\n## Run a chat\n([^]*?)\n\*\*The page\*\*/.exec(readFileSync(join(source, 'README.md'), 'utf8'))[1]
  const ports = new Map()
  for (const port of ['5984', '8080', '8081', '8443']) ports.set(port, await free())
  const here = (text) => text.replace(/127\.0\.0\.1:(\d+)/g, (all, port) => `127.0.0.1:${ports.get(port)}`)
  const config = file('localhost.cfg', here(readFileSync(join(source, 'node/proxies/localhost.cfg'), 'utf8')))
  const lines = section.split('\n').filter((line) => line.startsWith('    ')).map((line) => here(line.trim().replace(/ +#.*$/, '')).replace('build/release/bin', programs).replace('node/proxies/localhost.cfg', config))
  assert.equal(lines.length, 6, lines.join('\n'))
  const shell = spawn('sh', ['-c', `${lines.join('\n')}\njobs -p >pids; wait`], { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (data) => (told += data))
  const end = () => { try { process.kill(-shell.pid, 'SIGTERM') } catch { /* it has ended */ } }
  process.on('exit', end)
  const trusted = await until('the certificate', () => { try { return readFileSync(join(folder, 'localhost.crt')) } catch { return null } }, 30_000)
  const get = (path, body) => new Promise((done) => {
    const request = https.request({ host: 'localhost', port: ports.get('8443'), path, method: body ? 'POST' : 'GET', ca: trusted, agent: false, headers: body ? { 'Content-Type': 'application/json' } : {} }, (answer) => {
      let text = ''
      answer.on('data', (data) => (text += data)).on('end', () => done({ status: answer.statusCode, text }))
    })
    request.on('error', () => done({ status: 0, text: '' }))
    request.end(body && JSON.stringify(body))
  })
  await until('the page', async () => (await get('/')).status === 200, 30_000).catch(() => assert.fail(told))
  const say = (text) => get('/api/rooms/lobby/messages', { user: 'ann', text })
  const texts = async () => JSON.parse((await get('/api/rooms/lobby/messages')).text || '{}').messages?.map((one) => one.text) ?? []
  for (const text of ['one', 'two', 'three', 'four']) assert.ok([201, 202].includes((await say(text)).status), text)
  for (let i = 0; i < 4; ++i) await until('each node to have all', async () => (await texts()).length === 4)
  const [, first] = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n')
  process.kill(Number(first), 'SIGTERM')
  for (const text of ['five', 'six', 'seven']) await until(text, async () => [201, 202].includes((await say(text)).status), 15_000)
  await until('all to be at the other node', async () => { const all = await texts(); return ['one', 'five', 'six', 'seven'].every((text) => all.includes(text)) })
  end()
})

await run(async () => { await node.end(); await tlsNode.end(); await store.end() })
