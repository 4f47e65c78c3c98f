// Two browsers on two nodes: they chat, lose the store, chat on, one loses its node and comes back at the other behind the same address, the store
// returns: both pages show the same messages in the same order, each once, and neither was loaded again.
import assert from 'node:assert/strict'
import net from 'node:net'
import { join } from 'node:path'
import axe from 'axe-core'
import { chromium } from 'playwright-core'
import { browserOptions } from './lib/browser.mjs'
import { folder, run, start, test, until } from './lib/programs.mjs'
import { readFileSync } from 'node:fs'

const controlFile = join(folder, 'control')
const store = await start('couchmock', ['--control', '127.0.0.1:0', '--control-port-file', controlFile, '--log-level', 'error'])
const control = `http://127.0.0.1:${readFileSync(controlFile, 'utf8').trim()}/_mock/faults`
const node = (name, port = 0) => start('chatnode', ['--store', `${store.url}/chat`, '--name', name, '--journal', join(folder, `${name}.journal`), '--log-level', 'error'], { port })
let first = await node('n1')
const second = await node('n2')

// What stands before the nodes in a house: it sends a connection to the first of them that answers.
const balancer = net.createServer((client) => {
  const go = (ports) => {
    const server = net.connect(ports[0], '127.0.0.1')
    let joined = false
    server.once('connect', () => { joined = true; client.pipe(server); server.pipe(client) })
    server.on('error', () => (joined || ports.length === 1 ? client.destroy() : go(ports.slice(1))))
    server.on('close', () => joined && client.destroy())
    client.on('error', () => server.destroy())
    client.on('close', () => server.destroy())
  }
  go([first.port, second.port])
})
await new Promise((done) => balancer.listen(0, '127.0.0.1', done))

const browser = await chromium.launch(browserOptions)
const troubles = []
async function open(name, port, options = {}) {
  const page = await (await browser.newContext({ viewport: { width: 1000, height: 700 }, ...options })).newPage()
  page.on('pageerror', (error) => troubles.push(`${name}: ${error}`))
  page.on('console', (message) => message.type() === 'error' && !/ERR_CONNECTION|ERR_EMPTY|WebSocket/.test(message.text()) && troubles.push(`${name}: ${message.text()}`))
  await page.goto(`http://127.0.0.1:${port}/#tearoom`)
  await page.evaluate(() => { window.neverLoadedAgain = true })
  if (!(await page.isVisible('#name'))) {  // on a phone: who says something without a name is led to it
    await page.fill('#text', 'hello')
    await page.click('#send')
  }
  await page.fill('#name', name)
  await page.press('#name', 'Enter')
  return page
}
const say = async (page, text) => { await page.fill('#text', text); await page.press('#text', 'Enter') }
const sees = (page, text) => page.locator('#log li', { hasText: text }).first().waitFor({ timeout: 15_000 })
const banner = (page, text) => page.locator('#banner', { hasText: text }).waitFor({ timeout: 10_000 })
const texts = (page) => page.$$eval('#log .text', (all) => all.map((one) => one.textContent))

const ann = await open('ann', balancer.address().port)
const bob = await open('bob', second.port)

test('what is said at one node is shown at the other', async () => {
  await say(ann, 'one'); await sees(bob, 'one')
  await say(bob, 'two'); await sees(ann, 'two')
})

test('with the store away both pages say so calmly and chat goes on', async () => {
  await fetch(control, { method: 'POST', body: JSON.stringify({ name: 'outage', fault: 'store.down' }) })
  await banner(ann, 'store is away')
  await banner(bob, 'store is away')
  await say(ann, 'three, with the store away'); await sees(ann, 'three')
  await say(bob, 'four, with the store away'); await sees(bob, 'four')
})

test('a page whose node was killed comes back at the other node, and what was said meanwhile is said', async () => {
  await first.end('SIGKILL')
  await say(ann, 'five, said into the void')
  await sees(bob, 'five')
})

test('when the node and the store are back, both show the same messages in the same order, each once, without a reload', async () => {
  first = await node('n1', first.port)
  await fetch(`${control}/outage`, { method: 'DELETE' })
  for (const page of [ann, bob]) for (const text of ['three', 'four', 'five']) await sees(page, text)
  const [a, b] = await until('both pages to agree', async () => {
    const both = [await texts(ann), await texts(bob)]
    return JSON.stringify(both[0]) === JSON.stringify(both[1]) && both
  }).catch(async () => [await texts(ann), await texts(bob)])
  assert.deepEqual(a, b)
  assert.deepEqual([...a].sort(), ['five, said into the void', 'four, with the store away', 'one', 'three, with the store away', 'two'])
  for (const page of [ann, bob]) {
    await page.locator('#banner').waitFor({ state: 'hidden', timeout: 10_000 })
    assert.equal(await page.evaluate(() => window.neverLoadedAgain), true)
  }
})

test('what others wrote is text, whatever it is', async () => {
  const nasty = ['<img src=x onerror="window.caught=1">', '<script>window.caught=1</script>', '"><svg onload=window.caught=1>', 'javascript:window.caught=1',
    '\u202Eright to left\u202C', '👩‍👩‍👧‍👦'.repeat(40), 'w'.repeat(3000), 'ça va? ☃ 漢字 \u{1F600}']
  for (const text of nasty) await say(ann, text)
  await sees(bob, '漢字')
  const shown = await texts(bob)
  for (const text of nasty) assert.ok(shown.includes(text), `not shown as it was written: ${text.slice(0, 40)}`)
  assert.equal(await bob.evaluate(() => window.caught), undefined)
  assert.equal(await bob.locator('#log .text img, #log .text script, #log .text svg, a[href^="javascript"]').count(), 0)
  assert.equal(await bob.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, 'it overflows sideways')
})

test('on a phone it fits, and a screen reader finds no serious fault, light or dark', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open('eve', second.port, { viewport: { width: 390, height: 844 }, colorScheme, bypassCSP: true })
    await sees(page, '漢字')
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, 'it overflows sideways')
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate(() => window.axe.run())
    assert.deepEqual(violations.filter((one) => ['serious', 'critical'].includes(one.impact)).map((one) => `${one.id}: ${one.nodes[0].html}`), [])
    await page.context().close()
  }
})

test('(and nothing was complained of)', () => assert.deepEqual(troubles, []))

await run(() => browser.close())
