// A page with 500 rooms, 5,000 messages that come at once in the one on the screen, and 10,000 that are read back: no task of the page's main
// thread should take longer than 50 ms. And how long a first visit takes on a slow network. `node page_speed.mjs` tells the numbers; with DAVENPORT_PAGE_FOLDER it measures the page in that folder.
// As a test it guards against work that grows with the square of what is shown (a task of 17 s once), not against a busy machine: a task may
// take 250 ms there, or 50 ms with DAVENPORT_STRICT=1.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { launch } from './lib/browser.mjs'
import { folder, run, start, test, until } from './lib/programs.mjs'
import { proxy } from './lib/proxy.mjs'

const rooms = 500
const historyOfEach = 20
const live = 5000
const archived = 10_000
const taskMaxMs = process.env.DAVENPORT_STRICT ? 50 : 250
let page

const store = await start('couchmock', ['--log-level', 'error'])
const node = await start('chatnode', ['--posts-per-second', '0', '--store', `${store.url}/chat`, '--outbox-bytes', '8000000', '--journal', join(folder, 'n1'), '--log-level', 'error'])
const way = await proxy(node.port)
const browser = await launch()

async function post(room, text, user = 'ann') {
  const answer = await fetch(`${node.url}/api/rooms/${room}/messages`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ user, text }) })
  assert.ok(answer.ok, `POST: ${answer.status}`)
}
async function postAll(count, room, text) {
  for (let i = 0; i < count; i += 100) await Promise.all(Array.from({ length: Math.min(100, count - i) }, (_, j) => post(room(i + j), text(i + j), `u${(i + j) % 7}`)))
}
const nameOf = (i) => `room-${String(i).padStart(3, '0')}`

/// Gives the processor time of each task of the page's main thread while `body` does something with it, in milliseconds, longest first. Processor
/// time, since other programs run beside a test; of the page's process alone, since a browser has pages of its own.
async function tasksOf(body) {
  await browser.startTracing(null, { categories: ['toplevel', 'disabled-by-default-devtools.timeline', 'blink.user_timing', '__metadata'] })
  await body()
  await page.evaluate(() => performance.mark('the page that is measured'))
  const { traceEvents } = JSON.parse(await browser.stopTracing())
  const { pid: own } = traceEvents.find(({ name }) => name === 'the page that is measured')
  const main = traceEvents.find(({ name, pid, args }) => pid === own && name === 'thread_name' && args.name === 'CrRendererMain').tid
  return traceEvents.filter(({ name, pid, tid, tdur }) => name === 'RunTask' && pid === own && tid === main && tdur).map(({ tdur }) => tdur / 1000).sort((a, b) => b - a)
}

await postAll(rooms * historyOfEach, (i) => nameOf(Math.floor(i / historyOfEach)), (i) => `history ${i % historyOfEach}`)
await postAll(archived, () => 'archive', (i) => `old line ${i} with a link https://chat.example/${i}`)

async function open(kept, hash) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } })
  const page = await context.newPage()
  await page.addInitScript((names) => {
    localStorage.setItem('rooms', JSON.stringify(names))
    localStorage.setItem('name', '"eve"')
  }, kept)
  await page.goto(`${way.url}#${hash}`)
  return page
}

async function judge(what, body) {
  const tasks = await tasksOf(body)
  const longest = tasks[0] ?? Infinity
  const sum = tasks.reduce((a, b) => a + b, 0)
  console.log(`        ${what}: ${tasks.filter((ms) => ms > 50).length} tasks over 50 ms, the longest ${longest.toFixed(0)} ms; all ${(sum / 1000).toFixed(2)} s`)
  assert.ok(longest <= taskMaxMs, `${what}: a task of ${longest.toFixed(0)} ms`)
}

const names = Array.from({ length: rooms }, (_, i) => nameOf(i))
test('500 rooms are joined without a long task', () => judge('500 rooms with 20 messages each', async () => {
  page = await open(names, nameOf(0))
  await page.locator('#log li', { hasText: 'history 19' }).waitFor({ timeout: 60_000 })
  await until('all rooms to be listed', () => page.evaluate((count) => document.querySelectorAll('#rooms .room').length >= count, rooms), 60_000)
  await new Promise((wake) => setTimeout(wake, 4000))
}))

test('5,000 messages that come live are shown without a long task', async () => {
  await judge('5,000 live messages with 500 rooms', async () => {
    await postAll(live, (i) => (i % 2 ? nameOf(0) : nameOf(i % rooms)), (i) => `live ${i} see https://chat.example/(${i})`)
    await page.locator('#log li', { hasText: `live ${live - 1} ` }).waitFor({ timeout: 60_000 })
  })
})

test('10,000 messages in one room are read back, and more are said, without a long task', async () => {
  await page.context().close()
  page = await open(['archive'], 'archive')
  await page.locator('#log li', { hasText: `old line ${archived - 1} ` }).waitFor({ timeout: 30_000 })
  await judge('10,000 messages read back', async () => {
    await page.keyboard.press('Control+k')
    await page.fill('#query', '"old line 20"')
    await page.locator('#search li', { hasText: 'old line 20 ' }).first().locator('button').click({ timeout: 20_000 })
    await page.waitForFunction(() => document.activeElement.textContent.includes('old line 20 '), null, { timeout: 120_000 })
  })
  await judge('100 more below 10,000', async () => {
    await postAll(100, () => 'archive', (i) => `after ${i}`)
    await page.click('#newest')
    await page.locator('#log li', { hasText: 'after 99' }).waitFor({ timeout: 30_000 })
  })
})

test('while 10,000 messages are scrolled through, searched and gone through by keys, no task is long', async () => {
  await judge('10,000 messages scrolled and searched', async () => {
    for (let i = 0; i < 25; ++i) {
      await page.mouse.move(600, 300)
      await page.mouse.wheel(0, i < 15 ? -3000 : 2000)
      await page.waitForTimeout(40)
    }
    await page.keyboard.press('Control+k')
    await page.keyboard.type('line 77', { delay: 30 })
    await page.locator('#search li mark').first().waitFor()
    await page.keyboard.press('Escape')
    await page.evaluate(() => { location.hash = 'side' })
    await page.locator('#room', { hasText: 'side' }).waitFor()
    await page.evaluate(() => { location.hash = 'archive' })
    await page.locator('#room', { hasText: 'archive' }).waitFor()
  })
})

test('a first visit over slow 3G takes one answer, and one can write within 3 s', async () => {
  for (const [what, latency, bitsPerSecond] of [['400 ms, 400 kbit/s', 400, 400_000], ['2,000 ms, 400 kbit/s, as Chromium\'s own tools have it', 2000, 400_000]]) {
    const slow = await (await browser.newContext()).newPage()
    const network = await slow.context().newCDPSession(slow)
    await network.send('Network.enable')
    await network.send('Network.emulateNetworkConditions', { offline: false, latency, downloadThroughput: bitsPerSecond / 8, uploadThroughput: bitsPerSecond / 8 })
    const asked = []
    let bytes = 0
    network.on('Network.requestWillBeSent', ({ request }) => asked.push(new URL(request.url).pathname))
    network.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength })
    const before = performance.now()
    await slow.goto(`${node.url}/#side`, { waitUntil: 'commit' })
    await slow.locator('#first-name').waitFor()  // the card of the first visit: its script has run, and one can write
    assert.equal(await slow.locator('#unscripted').count(), 0)
    const ms = performance.now() - before
    const needed = asked.filter((path) => !/icon|manifest/.test(path))
    console.log(`        ${what}: ${ms.toFixed(0)} ms, ${bytes} bytes`)
    assert.deepEqual(needed, ['/'])
    assert.ok(bytes < 60_000, `${bytes} bytes`)  // with its icon: 1.2 s of 400 kbit/s
    if (process.env.DAVENPORT_STRICT) assert.ok(ms < 3000, `${ms} ms`)  // on a busy machine the one answer says more
    await slow.context().close()
  }
})

await run(() => browser.close())
