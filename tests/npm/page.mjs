// Two browsers on two nodes: they chat, lose the store, chat on, one loses its node and comes back at the other behind the same address, the store
// returns: both pages show the same messages in the same order, each once, and neither was loaded again. Then all else that a person does with it.
// What the pages show when a test fails is kept as pictures, in DAVENPORT_PICTURES or a new folder that is named.
import assert from 'node:assert/strict'
import net from 'node:net'
import { join } from 'node:path'
import axe from 'axe-core'
import { launch } from './lib/browser.mjs'
import { introduce } from './lib/page.mjs'
import { folder, run, start, test, until } from './lib/programs.mjs'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'

const controlFile = join(folder, 'control')
const store = await start('couchmock', ['--control', '127.0.0.1:0', '--control-port-file', controlFile, '--log-level', 'error'])
const controlPort = await until('the control port', () => { try { return readFileSync(controlFile, 'utf8').trim() } catch { return '' } })
const control = `http://127.0.0.1:${controlPort}/_mock/faults`
// A test types faster than a client may.
const node = (name, port = 0) => start('chatnode', ['--posts-per-second', '0', '--store', `${store.url}/chat`, '--name', name, '--journal', join(folder, `${name}.journal`), '--log-level', 'error'], { port })
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

const browser = await launch()
const troubles = []
async function open(name, port, options = {}) {
  const page = await (await browser.newContext({ viewport: { width: 1000, height: 700 }, ...options })).newPage()
  page.on('pageerror', (error) => troubles.push(`${name}: ${error}`))
  page.on('console', (message) => message.type() === 'error' && !/ERR_CONNECTION|ERR_EMPTY|WebSocket/.test(message.text()) && troubles.push(`${name}: ${message.text()}`))
  await page.goto(`http://127.0.0.1:${port}/#tearoom`)
  await page.evaluate(() => { window.neverLoadedAgain = true })
  await introduce(page, name)
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
  await fetch(control, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'outage', fault: 'store.down' }) })
  await banner(ann, 'servers of this chat are apart')
  await banner(bob, 'servers of this chat are apart')
  await say(ann, 'three, with the store away'); await sees(ann, 'three')
  await say(bob, 'four, with the store away'); await sees(bob, 'four')
  await banner(bob, 'One message waits for that')
  await bob.locator('#people h2', { hasText: 'as far as known' }).waitFor()
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

test('what came after its place was read is marked there', async () => {
  assert.deepEqual(await bob.$$eval('#log li.late .text', (all) => all.map((one) => one.textContent)), ['three, with the store away'])
  assert.deepEqual(await bob.$$eval('#log .came-late', (all) => all.map((one) => one.textContent)), ['1 came late'])
})

test('who comes is shown at the other node, and who leaves is there no more', async () => {
  const third = await node('n3')
  const fay = await open('fay', third.port)
  const present = (page) => page.$$eval('#people .user', (all) => all.map((one) => one.textContent))
  await until('fay is seen at another node', async () => (await present(bob)).includes('fay'), 15_000)
  await until('fay sees those at the other node', async () => (await present(fay)).includes('bob'), 15_000)
  await fay.context().close()
  await until('fay is seen to have left', async () => !(await present(bob)).includes('fay'), 15_000)
  await third.end()
})

test('who was heard in the room is named on every node', async () => {
  for (const page of [ann, bob]) assert.deepEqual((await page.$$eval('#people .user', (all) => all.map((one) => one.textContent))).sort(), ['ann', 'bob'])
})

test('a room that one does not look at counts what is unread, keeps its draft, and can be left', async () => {
  await bob.fill('#text', 'half a thought')
  await bob.fill('#join-name', 'garden')
  await bob.press('#join-name', 'Enter')
  await bob.locator('#room', { hasText: 'garden' }).waitFor()
  assert.equal(await bob.inputValue('#text'), '')
  await say(ann, 'six, behind your back'); await say(ann, 'seven, too')
  await bob.locator('.unread', { hasText: '2' }).waitFor()
  await until('the title to count', async () => (await bob.title()).startsWith('(2) '))
  await bob.keyboard.press('Alt+ArrowUp')
  await bob.locator('#room', { hasText: 'tearoom' }).waitFor()
  await sees(bob, 'seven, too')
  assert.equal(await bob.inputValue('#text'), 'half a thought')
  assert.equal(await bob.locator('.unread').count(), 0)
  await bob.click('[aria-label="Leave garden"]')
  await bob.locator('.room', { hasText: 'garden' }).waitFor({ state: 'detached' })
  await bob.fill('#text', '')
})

test('one finds what was said, by the keyboard alone, also what the page has not loaded', async () => {
  const posted = Array.from({ length: 120 }, (_, i) => `line ${i} of many`)
  await ann.evaluate(() => { location.hash = 'archive' })
  await ann.locator('#room', { hasText: 'archive' }).waitFor()
  await say(ann, 'the needle is here')
  for (const text of posted) await say(ann, text)
  await ann.locator('#log li[data-state=stored]', { hasText: 'line 119 ' }).waitFor()
  await bob.evaluate(() => { location.hash = 'archive' })
  await sees(bob, 'line 119 ')
  assert.equal(await bob.locator('#log li', { hasText: 'needle' }).count(), 0)
  await bob.keyboard.press('Control+k')
  await bob.keyboard.type('NEEDLE')
  await bob.locator('#search mark', { hasText: 'needle' }).waitFor()
  await bob.press('#query', 'Enter')
  await bob.keyboard.press('Enter')
  await bob.waitForFunction(() => document.activeElement.textContent.includes('needle'))
})

test('one finds what was said in other rooms, and goes there', async () => {
  await ann.keyboard.press('Control+k')
  await ann.fill('#query', 'two')
  await ann.locator('#search [role=status]', { hasText: 'None' }).waitFor()
  await ann.check('#everywhere input')
  await ann.locator('#search li', { hasText: 'tearoom' }).locator('button').click()
  await ann.waitForFunction(() => document.activeElement.textContent.includes('two'))
  assert.equal(await ann.textContent('#room'), 'tearoom')
  await ann.evaluate(() => { location.hash = 'archive' })
  await ann.locator('#room', { hasText: 'archive' }).waitFor()
})

test('who reads further up is not moved by what comes in', async () => {
  const top = () => bob.locator('#log li', { hasText: 'needle' }).evaluate((one) => one.getBoundingClientRect().top)
  const before = await top()
  await say(ann, 'said while bob reads the beginning')
  await bob.locator('#newest').waitFor()
  assert.equal(await top(), before)
  await bob.click('#newest')
  await bob.locator('#newest').waitFor({ state: 'hidden' })
  for (const page of [ann, bob]) await page.evaluate(() => { location.hash = 'tearoom' })
})

test('a message that the node refuses says so, and can be tried again or discarded', async () => {
  await bob.evaluate(() => { location.hash = 'refusals' })
  await bob.locator('#room', { hasText: 'refusals' }).waitFor()
  await say(bob, 'a NUL \0 that no node takes')
  await bob.locator('#log .state', { hasText: 'Not sent' }).waitFor()
  await bob.locator('#log .state button', { hasText: 'Discard' }).click()
  assert.equal(await bob.locator('#log li').count(), 0)
  await bob.evaluate(() => { location.hash = 'tearoom' })
  await bob.locator('#room', { hasText: 'tearoom' }).waitFor()
})

test('a page that is loaded again knows its rooms, its name and what is its own', async () => {
  await ann.reload()
  await sees(ann, 'seven, too')
  assert.equal(await ann.inputValue('#name'), 'ann')
  assert.equal(await ann.locator('.room', { hasText: 'archive' }).count(), 1)
  assert.deepEqual(await ann.$$eval('#log .mine .text', (all) => all.map((one) => one.textContent)),
    (await texts(ann)).filter((text) => !['two', 'four, with the store away'].includes(text)))
})

test('a late message above what was loaded leaves no hole in the scrollback, and a page that is long open keeps the newest', async () => {
  const seen = await bob.evaluate(async () => {
    const { RoomView } = await import('./view.js')
    const view = new RoomView('r', document.createElement('ol'), { isMe: () => false })
    const message = (n) => ({ id: `id${n}`, pos: String(n).padStart(26, '0'), user: 'u', text: `${n}`, time: new Date(n * 1000).toISOString() })
    const number = () => Number(view.oldest)
    view.add(message(5000), true)
    view.add(message(5001), true)
    view.ready = true
    view.add(message(10), true)
    const withLate = number()
    view.add(message(4000), true, true)
    const withPage = number()
    for (let n = 5002; n < 7500; ++n) { view.add(message(n), true); view.trim() }
    return { withLate, withPage, kept: view.items.length, rows: view.log.children.length, shown: view.to - view.from, first: Number(view.items[0].position), oldest: number(), last: Number(view.items.at(-1).position), more: view.more }
  })
  assert.deepEqual([seen.withLate, seen.withPage], [5000, 4000])
  assert.ok(seen.kept >= 1000 && seen.kept <= 2000, `${seen.kept} are kept`)
  assert.deepEqual([seen.rows, seen.first, seen.last, seen.more], [seen.shown, seen.oldest, 7499, true])
  assert.ok(seen.rows <= 600, `${seen.rows} rows are drawn`)
})

test('a browser that keeps nothing, or nonsense, chats all the same', async () => {
  const page = await (await browser.newContext()).newPage()
  page.on('pageerror', (error) => troubles.push(`${error}`))
  await page.addInitScript(() => {
    Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })
    try { sessionStorage.setItem('posts', '{nonsense') } catch { /* about:blank has none */ }
  })
  await page.goto(`${second.url}/#tearoom`)
  await sees(page, 'seven, too')
  await page.context().close()
})

test('each file of the page has its type, a tag to ask by, and a policy without a loophole', async () => {
  for (const [path, type] of [['/', 'text/html'], ['/chat.css', 'text/css'], ['/chat.js', 'text/javascript'], ['/search.js', 'text/javascript']]) {
    const answer = await fetch(second.url + path)
    assert.ok(answer.headers.get('content-type').startsWith(type), path)
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.match(answer.headers.get('content-security-policy'), /^default-src 'none'/)
    assert.doesNotMatch(answer.headers.get('content-security-policy'), /unsafe|\*/)
    const again = await fetch(second.url + path, { headers: { 'If-None-Match': answer.headers.get('etag') } })
    assert.equal(again.status, 304)
  }
})

test('what others wrote is text, whatever it is', async () => {
  const nasty = ['<img src=x onerror="window.caught=1">', '<script>window.caught=1</script>', '"><svg onload=window.caught=1>', 'javascript:window.caught=1',
    'data:text/html,<script>window.caught=1</script>', '\u202Eright to left\u202C', '\u2067\u202Eleft open', 'e' + '\u0301'.repeat(200), '👩‍👩‍👧‍👦'.repeat(100), 'w'.repeat(3000), 'ça va? ☃ 漢字 \u{1F600}']
  for (const text of nasty) await say(ann, text)
  await sees(bob, '漢字')
  const shown = await texts(bob)
  for (const text of nasty) assert.ok(shown.includes(text), `not shown as it was written: ${text.slice(0, 40)}`)
  assert.equal(await bob.evaluate(() => window.caught), undefined)
  assert.equal(await bob.locator('#log .text img, #log .text script, #log .text svg, a[href^="javascript"]').count(), 0)
  assert.equal(await bob.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, 'it overflows sideways')
})

async function noSeriousFault(page) {
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished)))  // half shown has half the contrast
  const { violations } = await page.evaluate(() => window.axe.run())
  assert.deepEqual(violations.filter((one) => ['serious', 'critical'].includes(one.impact)).map((one) => `${one.id}: ${one.nodes[0].html}`), [])
}

test('on a phone it fits, and a screen reader finds no serious fault, light or dark', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open('eve', second.port, { viewport: { width: 390, height: 844 }, colorScheme, bypassCSP: true })
    await sees(page, '漢字')
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, 'it overflows sideways')
    await page.evaluate(axe.source)
    await noSeriousFault(page)
    await page.click('#menu'); await noSeriousFault(page); await page.keyboard.press('Escape')
    await page.click('#find'); await page.fill('#query', 'e'); await noSeriousFault(page)
    await page.context().close()
  }
})

test('where people sign in, the page asks who one is, and shows nothing before', async () => {
  const guarded = await start('couchmock', ['--admin', 'admin:secret', '--log-level', 'error'])
  const club = await start('chatnode', ['--store', `${guarded.url.replace('//', '//admin:secret@')}/chat`, '--auth', 'couchdb', '--journal', join(folder, 'club'), '--log-level', 'error'])
  const asAdmin = { Authorization: `Basic ${btoa('admin:secret')}` }
  await fetch(`${guarded.url}/_users`, { method: 'PUT', headers: asAdmin })
  await fetch(`${guarded.url}/_users/org.couchdb.user:zoe`, { method: 'PUT', headers: asAdmin,
    body: JSON.stringify({ name: 'zoe', password: 'open sesame', roles: [], type: 'user' }) })
  const page = await (await browser.newContext({ bypassCSP: true })).newPage()
  page.on('pageerror', (error) => troubles.push(`${error}`))
  await page.goto(`${club.url}/#club`)
  await page.locator('#sign-in[open]').waitFor()
  await page.evaluate(axe.source); await noSeriousFault(page)
  const signIn = async (password) => {
    await page.fill('#sign-in [name=name]', 'zoe'); await page.fill('#sign-in [name=password]', password)
    await page.click('#sign-in button')
  }
  await signIn('guess')
  await page.locator('#sign-in [role=alert]', { hasText: 'password is not right' }).waitFor()
  await signIn('open sesame')
  await page.locator('#sign-in').waitFor({ state: 'hidden' })
  assert.equal(await page.inputValue('#name'), 'zoe')
  await say(page, 'in the club')
  await page.locator('#log li.mine[data-state=stored]', { hasText: 'in the club' }).waitFor()
  await page.reload()
  await sees(page, 'in the club')
  await page.fill('#text', 'a draft that nobody else should see')
  await page.click('#sign-out')
  await page.locator('#sign-in[open]').waitFor()
  assert.doesNotMatch(await page.evaluate(() => document.body.innerText + document.getElementById('text').value + JSON.stringify({ ...localStorage, ...sessionStorage })), /in the club|draft/)
  await page.context().close(); await club.end(); await guarded.end()
})

test('who types faster than a client may is held up, and all of it is said', async () => {
  const strict = await start('chatnode', ['--posts-per-second', '2', '--store', `${store.url}/chat`, '--journal', join(folder, 'strict'), '--log-level', 'error'])
  const gus = await open('gus', strict.port)
  const lines = Array.from({ length: 9 }, (_, i) => `quick ${i} of 9`)
  for (const line of lines) await say(gus, line)
  for (const line of lines) await gus.locator('#log li[data-state=stored]', { hasText: line }).waitFor()
  assert.deepEqual((await texts(gus)).filter((text) => text.startsWith('quick')), lines)
  await gus.context().close(); await strict.end()
})

test('(and nothing was complained of)', () => assert.deepEqual(troubles, []))

let pictures = process.env.DAVENPORT_PICTURES
await run(() => browser.close(), async (sentence) => {
  pictures ??= mkdtempSync(join(tmpdir(), 'davenport-page-'))
  for (const [name, page] of Object.entries({ ann, bob }))
    await page.screenshot({ path: join(pictures, `${sentence.replace(/[^a-z0-9]+/gi, '-').slice(0, 60)}-${name}.png`) }).catch(() => {})
  console.log(`what the pages showed: ${pictures}`)
})
