// What stands between a page and its node: hands on requests and WebSockets, under a path of its own if asked, and can do what proxies and
// networks do to them. Changed while a test runs: `rules`.
import http from 'node:http'
import net from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const types = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml', webmanifest: 'application/manifest+json' }

/**
 * `rules`: {
 *   websocket: 'pass', 'refuse' (403), 'hang' (never answered), 'mute' (handed on, but no frame of the node comes through);
 *   events: 'pass' or 'hold' (server-sent events are kept back for ever);
 *   frozen: true: no byte passes, and no connection ends;
 *   forbidden: names of files that are answered with 403;
 *   host: the Host header that the node gets in place of the browser's;
 *   page: a folder whose files are given instead of the node's own }
 * `prefix`: the path that the node is under, and `also` another; `port`: the one to take, or a free one.
 * `seen`: the requests' method and path, in order.
 */
export async function proxy(port, rules = {}, { prefix = '/', also = prefix, port: listen = 0 } = {}) {
  const all = { websocket: 'pass', events: 'pass', frozen: false, forbidden: [], page: process.env.DAVENPORT_PAGE_FOLDER, ...rules }
  const seen = []
  const sockets = new Set()
  const inner = (url) => {
    const found = [prefix, also].find((one) => url.startsWith(one))
    return found ? '/' + url.slice(found.length) : null
  }

  function ownFile(path, answer) {
    const name = path === '/' ? 'index.html' : path.slice(1)
    if (!all.page || !/^[a-z_-]+\.(html|css|js|svg|webmanifest)$/.test(name)) return false
    try {
      const content = readFileSync(join(all.page, name))
      answer.writeHead(200, { 'Content-Type': types[name.split('.')[1]], 'Cache-Control': 'no-store',
        'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:" })
      answer.end(content)
      return true
    } catch { return false }
  }

  const server = http.createServer((request, answer) => {
    const url = inner(request.url)
    seen.push(`${request.method} ${request.url}`)
    if (all.frozen) return
    if (url === null) return answer.writeHead(404).end('nothing under this path')
    const path = url.split('?')[0]
    if (all.forbidden.includes(path.slice(1))) return answer.writeHead(403).end('not for you')
    if (ownFile(path, answer)) return
    const onward = http.request({ port, host: '127.0.0.1', path: url, method: request.method, headers: all.host ? { ...request.headers, host: all.host } : request.headers }, (from) => {
      if (all.events === 'hold' && path.endsWith('/events')) return
      answer.writeHead(from.statusCode, from.headers)
      from.pipe(answer)
    })
    onward.on('error', () => answer.headersSent ? answer.destroy() : answer.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>502</h1>'))
    answer.on('close', () => onward.destroy())
    request.pipe(onward)
  })

  server.on('upgrade', (request, client) => {
    const url = inner(request.url)
    seen.push(`WS ${request.url}`)
    client.on('error', () => {})
    if (all.frozen || all.websocket === 'hang') return
    if (url === null || all.websocket === 'refuse') return client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    const node = net.connect(port, '127.0.0.1')
    const headers = Object.entries(all.host ? { ...request.headers, host: all.host } : request.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    node.write(`GET ${url} HTTP/1.1\r\n${headers}\r\n`)
    let first = true
    node.on('data', (data) => {
      if (all.frozen) return
      const head = data.indexOf('\r\n\r\n') + 4
      if (all.websocket !== 'mute') client.write(data)
      else if (first) client.write(data.subarray(0, head))
      first = false
    })
    client.on('data', (data) => !all.frozen && node.write(data))
    node.on('error', () => client.destroy())
    node.on('close', () => !all.frozen && client.destroy())
    client.on('close', () => node.destroy())
  })

  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise((done) => server.listen(listen, '127.0.0.1', done))
  const own = server.address().port
  return { port: own, url: `http://127.0.0.1:${own}${prefix}`, rules: all, seen,
    cut: () => { for (const socket of sockets) socket.destroy() },
    end: () => { for (const socket of sockets) socket.destroy(); server.close() } }
}
