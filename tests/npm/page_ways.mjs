// A page behind clocks that jump, connections that die without a word, proxies that let no WebSocket through or put the chat under a path.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { launch } from './lib/browser.mjs'
import { pageSource } from './lib/modules.mjs'
import { introduce } from './lib/page.mjs'
import { folder, run, start, test, until } from './lib/programs.mjs'
import { proxy } from './lib/proxy.mjs'

const store = await start('couchmock', ['--log-level', 'error'])
const node = await start('chatnode', ['--posts-per-second', '0', '--store', `${store.url}/chat`, '--name', 'n1', '--journal', join(folder, 'n1'), '--log-level', 'error'])
const browser = await launch()
const troubles = []

async function open(url, name, { room = 'tearoom', init } = {}) {
  const page = await (await browser.newContext({ viewport: { width: 1000, height: 700 } })).newPage()
  page.on('pageerror', (error) => troubles.push(`${name}: ${error}`))
  if (init) await page.addInitScript(init)
  await page.goto(`${url}#${room}`)
  await introduce(page, name)
  return page
}
const say = async (page, text) => { await page.fill('#text', text); await page.press('#text', 'Enter') }
const stored = (page, text, timeout = 5000) => page.locator('#log li[data-state=stored]', { hasText: text }).waitFor({ timeout })
const sees = (page, text, timeout = 5000) => page.locator('#log li', { hasText: text }).first().waitFor({ timeout })
const status = (page) => page.textContent('#link')
const connected = (page) => until('the page to be connected', async () => (await status(page)) === '' && (await page.textContent('#where')) !== '')
const messages = async (room) => (await (await fetch(`${node.url}/api/rooms/${room}/messages?limit=500`)).json()).messages
/// Milliseconds until the page says that it connects again.
async function noticed(page, patience_ms) {
  const before = performance.now()
  await until('the page to notice', async () => (await status(page)) !== '', patience_ms)
  return performance.now() - before
}

// ---- clocks

const setClock = () => {
  const right = Date.now.bind(Date)
  Date.now = () => right() + Number(globalThis.ahead ?? globalThis.sessionStorage?.getItem('ahead') ?? 0)
}

test('a clock that is 120 s ahead for a second holds up nothing that is said: not then, not after, not after a reload', async () => {
  const page = await open(node.url + '/', 'ann', { room: 'clock', init: setClock })
  await connected(page)
  await page.evaluate(() => { globalThis.ahead = 120_000 })
  await new Promise((wake) => setTimeout(wake, 500))
  await say(page, 'said while it is ahead')
  await new Promise((wake) => setTimeout(wake, 500))
  await page.evaluate(() => { globalThis.ahead = 0 })
  await say(page, 'said when it is right')
  await stored(page, 'said while it is ahead')
  await page.reload()
  await say(page, 'said after a reload')
  for (const text of ['said while it is ahead', 'said when it is right', 'said after a reload']) await until(text, async () => (await messages('clock')).some((one) => one.text === text), 5000)
  await until('the order said', async () => (await page.$$eval('#log .text', (all) => all.map((one) => one.textContent))).join() === 'said while it is ahead,said when it is right,said after a reload')
  assert.equal(await page.isVisible('#banner'), false)
  await page.context().close()
})

for (const ahead of [120_000, 7_200_000, -90_000_000])
  test(`a clock that is wrong by ${ahead / 1000} s from the beginning, and put right later, holds up nothing`, async () => {
    const page = await open(node.url + '/', 'ann', { room: `wrong${ahead}`, init: `(${setClock})(); globalThis.ahead = ${ahead}` })
    await say(page, 'said at once')
    await stored(page, 'said at once')
    await page.evaluate(() => { globalThis.ahead = 0 })
    await say(page, 'said when it is right')
    await stored(page, 'said when it is right')
    for (const { time } of await messages(`wrong${ahead}`)) assert.ok(Math.abs(Date.parse(time) - Date.now()) < 30_000, time)
    await page.context().close()
  })

test('a dead connection is noticed although the clock is set back by an hour', async () => {
  const way = await proxy(node.port)
  const page = await open(way.url, 'ann', { init: setClock })
  await connected(page)
  await page.evaluate(() => { globalThis.ahead = -3_600_000 })
  await new Promise((wake) => setTimeout(wake, 1000))
  way.rules.frozen = true
  assert.ok(await noticed(page, 8000) < 6000)
  await page.context().close(); way.end()
})

// ---- connections that die without a word

test('with somebody at the page silence is noticed within 5 s, and the page comes back by itself', async () => {
  const way = await proxy(node.port)
  const page = await open(way.url, 'ann')
  await connected(page)
  way.rules.frozen = true
  const ms = await noticed(page, 10_000)
  assert.ok(ms < 5500, `${ms} ms`)
  await say(page, 'said into the silence')
  way.rules.frozen = false
  way.cut()
  await stored(page, 'said into the silence', 12_000)
  await page.context().close(); way.end()
})

test('after a post that nobody answers it is noticed within 3 s', async () => {
  const way = await proxy(node.port)
  const page = await open(way.url, 'ann')
  await connected(page)
  await say(page, 'one that is answered')
  await stored(page, 'one that is answered')
  way.rules.frozen = true
  await say(page, 'one that is not')
  const ms = await noticed(page, 8000)
  assert.ok(ms < 3500, `${ms} ms`)
  await page.context().close(); way.end()
})

for (const event of ['online', 'pageshow'])
  test(`on ${event} a page that waits to try again tries at once`, async () => {
    const way = await proxy(node.port)
    const page = await open(way.url, 'ann')
    await connected(page)
    const { port } = way
    way.end()
    await noticed(page, 5000)
    await new Promise((wake) => setTimeout(wake, 9000))  // by now it tries every few seconds only
    const back = await proxy(node.port, {}, { port })
    const before = performance.now()
    await page.evaluate((name) => dispatchEvent(new Event(name)), event)
    await connected(page)
    assert.ok(performance.now() - before < 1500, `${performance.now() - before} ms`)
    await page.context().close(); back.end()
  })

test('on a shown page there is a ping at once', async () => {
  const page = await open(node.url + '/', 'ann')
  await connected(page)
  const pinged = new Promise((done) => page.on('websocket', done))
  await page.reload()
  const socket = await pinged
  await connected(page)
  await new Promise((wake) => setTimeout(wake, 500))
  for (const [target, event] of [['window', 'online'], ['window', 'pageshow'], ['document', 'visibilitychange']]) {
    const sent = Promise.race([new Promise((done) => socket.once('framesent', ({ payload }) => done(payload))), new Promise((wake) => setTimeout(wake, 2000))])
    await page.evaluate(([on, name]) => globalThis[on].dispatchEvent(new Event(name)), [target, event])
    assert.equal(await sent, '{"t":"ping"}', event)
    await new Promise((wake) => setTimeout(wake, 200))
  }
  await page.context().close()
})

// ---- no WebSocket at all

for (const [what, rules] of [['refused', { websocket: 'refuse' }], ['opened, and brings nothing', { websocket: 'mute' }], ['refused, and events are kept back', { websocket: 'refuse', events: 'hold' }]])
  test(`where a WebSocket is ${what}, one chats all the same, and the status says so in a word`, async () => {
    const way = await proxy(node.port, rules)
    const room = `no-${what.replace(/[^a-z]+/g, '-')}`
    const other = await open(node.url + '/', 'bob', { room })
    await connected(other)
    await say(other, 'said before')
    await stored(other, 'said before')
    const page = await open(way.url, 'ann', { room })
    await until('the status', async () => (await status(page)) === 'slower', 30_000)
    await sees(page, 'said before')
    await say(page, 'hello without a socket')
    await stored(page, 'hello without a socket', 8000)
    await sees(other, 'hello without a socket')
    await say(other, 'hello back')
    await sees(page, 'hello back')
    for (const text of ['one', 'two', 'three']) await say(page, text)
    for (const text of ['one', 'two', 'three']) await stored(page, text, 8000)
    assert.deepEqual((await messages(room)).map(({ text }) => text).reverse(), ['said before', 'hello without a socket', 'hello back', 'one', 'two', 'three'])

    // Another room counts what is unread, and is complete when one comes back to it.
    await page.fill('#join-name', `${room}-side`); await page.press('#join-name', 'Enter')
    await page.locator('#room', { hasText: `${room}-side` }).waitFor()
    await say(page, 'aside'); await stored(page, 'aside', 8000)
    await say(other, 'behind your back')
    await page.locator('.unread', { hasText: '1' }).waitFor({ timeout: 12_000 })
    await page.evaluate((name) => { location.hash = name }, room)
    await sees(page, 'behind your back')

    await page.keyboard.press('Control+k')
    await page.fill('#query', 'hello')
    await page.locator('#search [role=status]', { hasText: /^2$/ }).waitFor()
    await page.keyboard.press('Escape')
    await page.context().close(); await other.context().close(); way.end()
  })

test('older messages are read without a WebSocket too', async () => {
  for (let i = 0; i < 120; ++i)
    await fetch(`${node.url}/api/rooms/long/messages`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ user: 'u', text: `line ${i}.` }) })
  const way = await proxy(node.port, { websocket: 'refuse' })
  const page = await open(way.url, 'ann', { room: 'long' })
  await sees(page, 'line 119.', 20_000)
  await until('the first line', async () => {
    await page.evaluate(() => { document.getElementById('scroll').scrollTop = 0 })
    return page.locator('#log li', { hasText: 'line 0.' }).count()
  }, 20_000)
  await page.context().close(); way.end()
})

test('when WebSockets come through again, the page takes one, and loses nothing', async () => {
  const way = await proxy(node.port, { websocket: 'refuse' })
  const page = await open(way.url, 'ann', { room: 'again' })
  await until('the status', async () => (await status(page)) === 'slower', 20_000)
  await say(page, 'one, without'); await stored(page, 'one, without', 8000)
  way.rules.websocket = 'pass'
  await page.evaluate(() => dispatchEvent(new Event('online')))
  await connected(page)
  await say(page, 'two, with a socket'); await stored(page, 'two, with a socket')
  assert.deepEqual(await page.$$eval('#log .text', (all) => all.map((one) => one.textContent)), ['one, without', 'two, with a socket'])
  await page.context().close(); way.end()
})

test('a node that was away is no reason to do without a WebSocket', async () => {
  const way = await proxy(node.port)
  const page = await open(way.url, 'ann')
  await connected(page)
  const { port } = way
  way.end()
  await noticed(page, 5000)
  await new Promise((wake) => setTimeout(wake, 3000))
  const back = await proxy(node.port, {}, { port })
  await connected(page)
  assert.ok(!back.seen.some((one) => one.includes('/events')))
  await page.context().close(); back.end()
})

// ---- under a path

test('under a path everything is found there, and nothing elsewhere', async () => {
  for (const rules of [{}, { websocket: 'refuse' }]) {
    const way = await proxy(node.port, rules, { prefix: '/some/chat/' })
    const page = await open(way.url, 'ann', { room: 'path' })
    await until('the page to be connected', async () => (await status(page)) === (rules.websocket ? 'slower' : '') && await page.isHidden('#unscripted'), 20_000)
    const text = `by way of ${rules.websocket ?? 'a socket'}`
    await say(page, text); await stored(page, text, 8000)
    await page.focus('#join-name')
    await page.keyboard.press('Control+k'); await page.fill('#query', text)
    await page.locator('#search li').first().waitFor()
    assert.deepEqual(way.seen.filter((one) => !one.split(' ')[1].startsWith('/some/chat/')), [])
    await page.context().close(); way.end()
  }
})

test('two chats of one origin keep their names, rooms and drafts apart', async () => {
  const way = await proxy(node.port, {}, { prefix: '/a/', also: '/b/' })
  const page = await open(way.url, 'ann', { room: 'only-in-a' })
  await connected(page)
  await page.fill('#text', 'half a thought')
  await page.goto(way.url.replace('/a/', '/b/'))
  assert.deepEqual([await page.inputValue('#name'), await page.locator('.room', { hasText: 'only-in-a' }).count(), await page.inputValue('#text')], ['', 0, ''])
  await page.goto(way.url + '#only-in-a')
  await until('the draft', async () => (await page.inputValue('#text')) === 'half a thought')
  await page.context().close(); way.end()
})

for (const file of ['chat.js', 'link.js'])
  test(`a page whose ${file} is kept back, where its files are served one by one, says so in words`, async () => {
    const way = await proxy(node.port, { forbidden: [file], page: pageSource })
    const page = await (await browser.newContext()).newPage()
    await page.goto(way.url)
    await page.locator('#unscripted', { hasText: 'tell the operator' }).waitFor({ timeout: 20_000 })
    await page.context().close(); way.end()
  })

test('behind a proxy that does not pass Host on, a post says what the operator has to do', async () => {
  const way = await proxy(node.port, { host: '127.0.0.1:9' })
  const page = await open(way.url, 'ann', { room: 'hosts' })
  await say(page, 'does it come through?')
  await page.locator('#log .state', { hasText: '--origin' }).waitFor({ timeout: 30_000 })
  await page.context().close(); way.end()
})

// ---- names

test('what is wrong with a name is told while it is typed, and it is not taken', async () => {
  const page = await open(node.url + '/', 'ann', { room: 'names' })
  await connected(page)
  for (const [typed, told] of [['\u3164', /seen/], ['Я'.repeat(80), /too long by 16/], ['an\u200Bn', /seen/]]) {
    await page.fill('#name', typed)
    assert.match(await page.textContent('#name-note'), told)
    await page.press('#name', 'Enter')
    await say(page, `after ${[...typed].length}`)
  }
  for (const { user } of await until('all three', async () => { const all = await messages('names'); return all.length === 3 && all })) assert.equal(user, 'ann')
  await page.fill('#name', 'Я'.repeat(64))
  await page.press('#name', 'Enter')
  await say(page, 'with a long name'); await stored(page, 'with a long name')
  assert.equal((await messages('names'))[0].user, 'Я'.repeat(64))
  await page.context().close()
})

test('(and nothing was complained of)', () => assert.deepEqual(troubles, []))

await run(() => browser.close())
