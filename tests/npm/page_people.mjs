// What people expect of a chat page: what is new when one comes back, being named, answering, finding rooms, an own language, no network.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { launch } from './lib/browser.mjs'
import { connected, goTo, introduce, pages, post, row, say, sees, stored, texts } from './lib/page.mjs'
import { folder, run, start, test, until } from './lib/programs.mjs'
import { proxy } from './lib/proxy.mjs'

const store = await start('couchmock', ['--log-level', 'error'])
const node = await start('chatnode', ['--posts-per-second', '0', '--store', `${store.url}/chat`, '--name', 'n1', '--journal', join(folder, 'n1'), '--log-level', 'error'])
const browser = await launch()
const { open, watch, troubles } = pages(browser)

/// A page that takes its person for away while `globalThis.away` is true, and tells what it notifies of.
const leaving = () => {
  const looks = document.hasFocus.bind(document)
  document.hasFocus = () => !globalThis.away && looks()
  globalThis.notified = []
  globalThis.Notification = class {
    static permission = 'default'
    static async requestPermission() { Notification.permission = 'granted'; return 'granted' }
    constructor(title, options) { globalThis.notified.push({ title, ...options }); globalThis.last = this }
    close() {}
  }
}
const away = (page, is) => page.evaluate((value) => { globalThis.away = value; dispatchEvent(new Event(value ? 'blur' : 'focus')) }, is)
const unread = (page, room) => page.locator('#rooms li', { hasText: room }).locator('.unread')
const fromEnd = (page) => page.evaluate(() => { const { scrollHeight, scrollTop, clientHeight } = document.getElementById('scroll'); return scrollHeight - scrollTop - clientHeight })

// ---- what is new

test('what is unread is so after a reload, begins with a line, and is read once one has seen it', async () => {
  for (let i = 0; i < 3; ++i) await post(node.url, 'news', `old ${i}`)
  const page = await open(node.url, 'ann', { room: 'news' })
  await sees(page, 'old 2')
  await goTo(page, 'elsewhere')
  for (let i = 0; i < 4; ++i) await post(node.url, 'news', `fresh ${i}`, 'bob')
  await unread(page, 'news').filter({ hasText: '4' }).waitFor()
  await page.waitForTimeout(400)
  await page.reload()
  await unread(page, 'news').filter({ hasText: '4' }).waitFor()
  assert.match(await page.title(), /^\(4\) /)
  await goTo(page, 'news')
  await page.locator('#log .new', { hasText: /^New since \d/ }).waitFor()
  assert.match(await page.locator('#log li:has(.new)').innerText(), /fresh 0/)
  await unread(page, 'news').waitFor({ state: 'detached' })
  await goTo(page, 'elsewhere'); await goTo(page, 'news')
  assert.equal(await page.locator('#log .new').count(), 0)
  await page.context().close()
})

test('more than a screen of unread begins at its line, and counts down to the newest', async () => {
  await post(node.url, 'much', 'old')
  const page = await open(node.url, 'ann', { room: 'much' })
  await sees(page, 'old')
  await goTo(page, 'elsewhere')
  for (let i = 0; i < 40; ++i) await post(node.url, 'much', `fresh ${i}.`, `u${i % 3}`)
  await unread(page, 'much').filter({ hasText: '40' }).waitFor()
  await goTo(page, 'much')
  const top = await page.locator('#log .new').evaluate((one) => one.getBoundingClientRect().top - document.getElementById('scroll').getBoundingClientRect().top)
  assert.ok(top >= 0 && top < 200, `the line is ${top} px below the top`)
  await page.locator('#newest', { hasText: '40 new messages' }).waitFor()
  await unread(page, 'much').filter({ hasText: /^[123]\d unread/ }).waitFor()  // what is in sight is read
  await page.click('#newest')
  await unread(page, 'much').waitFor({ state: 'detached' })
  await page.locator('#newest').waitFor({ state: 'hidden' })
  await page.context().close()
})

test('who looks elsewhere finds a line where reading ended, and a count in the title', async () => {
  const page = await open(node.url, 'ann', { room: 'returns', init: leaving })
  await say(page, 'seen'); await stored(page, 'seen')
  await away(page, true)
  await post(node.url, 'returns', 'one', 'bob'); await post(node.url, 'returns', 'two', 'bob')
  await until('the title to count', async () => (await page.title()).startsWith('(2) '))
  await until('the icon to have a dot', async () => (await page.getAttribute('#icon', 'href')) === 'icon-dot.svg')
  await away(page, false)
  await until('the title to be plain', async () => (await page.title()).startsWith('returns'))
  assert.equal(await page.getAttribute('#icon', 'href'), 'icon.svg')
  assert.match(await page.locator('#log li:has(.new)').innerText(), /one/)
  await say(page, 'answered')
  await page.locator('#log .new').waitFor({ state: 'detached' })
  await page.context().close()
})

test('what is read in one tab is read in the other', async () => {
  const one = await open(node.url, 'ann', { room: 'two-tabs' })
  await connected(one)
  const two = watch(await one.context().newPage(), 'two')
  await two.goto(`${node.url}/#elsewhere`)
  await connected(two)
  await goTo(one, 'elsewhere')
  await post(node.url, 'two-tabs', 'for both', 'bob')
  for (const page of [one, two]) await unread(page, 'two-tabs').waitFor()
  await goTo(one, 'two-tabs')
  for (const page of [one, two]) await unread(page, 'two-tabs').waitFor({ state: 'detached' })
  await one.context().close()
})

test('further up there is always a way to the newest, which counts', async () => {
  for (let i = 0; i < 40; ++i) await post(node.url, 'ways', `line ${i}.`)
  const page = await open(node.url, 'ann', { room: 'ways' })
  await sees(page, 'line 39.')
  await page.locator('#newest').waitFor({ state: 'hidden' })
  await page.evaluate(() => { document.getElementById('scroll').scrollTop = 0 })
  await page.locator('#newest', { hasText: 'Newest' }).waitFor()
  await post(node.url, 'ways', 'more', 'bob')
  await page.locator('#newest', { hasText: 'One new message' }).waitFor()
  await page.click('#newest')
  await sees(page, 'more')
  assert.ok(await fromEnd(page) < 2)
  await page.context().close()
})

// ---- being named

test('who is named sees it in the message, at the room, in the title; who is away is offered to be notified, and then is', async () => {
  const page = await open(node.url, 'ann', { room: 'naming', init: leaving })
  await connected(page)
  await goTo(page, 'elsewhere')
  await post(node.url, 'naming', 'this is for @Ann, and `@ann` is code', 'bob')
  await unread(page, 'naming').filter({ hasText: '@1' }).waitFor()
  assert.match(await page.title(), /^\(@1\) /)
  assert.equal(await page.isVisible('#offer'), false)  // one is there: nothing to be notified of
  await goTo(page, 'naming')
  assert.deepEqual(await page.$$eval('#log .named mark.me', (all) => all.map((one) => one.textContent)), ['@Ann'])

  await away(page, true)
  await post(node.url, 'naming', 'ann? are you there?', 'bob')
  await sees(page, 'are you there?')
  assert.deepEqual(await page.evaluate(() => [globalThis.notified.length, Notification.permission]), [0, 'default'])
  await away(page, false)
  await page.locator('#offer', { hasText: 'bob named you while you were away' }).waitFor()
  await page.click('#offer button >> nth=0')
  await page.locator('#offer').waitFor({ state: 'hidden' })

  await goTo(page, 'elsewhere')
  await away(page, true)
  await post(node.url, 'naming', 'annette was not named, nor is anybody', 'bob')
  await post(node.url, 'naming', '@ann now you are', 'bob')
  const [told] = await until('the notification', () => page.evaluate(() => globalThis.notified.length && globalThis.notified))
  assert.deepEqual([told.title, told.body], ['bob named you in naming', '@ann now you are'])
  await away(page, false)
  await page.evaluate(() => globalThis.last.onclick())
  await page.waitForFunction(() => document.activeElement.textContent.includes('now you are'))
  assert.equal(await page.evaluate(() => globalThis.notified.length), 1)
  await page.context().close()
})

test('who wants a sound hears one when named while away, and nobody else does', async () => {
  const ears = () => {
    globalThis.heard = 0
    globalThis.AudioContext = class {
      currentTime = 0
      resume() {}
      createOscillator() { globalThis.heard += 1; return { frequency: {}, connect: (to) => to, start() {}, stop() {} } }
      createGain() { return { gain: { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (to) => to } }
    }
  }
  for (const [button, sounds] of [['Notify me', false], ['With a sound', true]]) {
    const page = await open(node.url, 'ann', { room: 'sounds', init: `(${leaving})(); (${ears})()` })
    await connected(page)
    await away(page, true)
    await post(node.url, 'sounds', `@ann ${button}?`, 'bob')
    await sees(page, `${button}?`)
    await away(page, false)
    assert.equal(await page.evaluate(() => globalThis.heard), 0, 'nobody has asked for it yet')
    await page.locator('#offer button', { hasText: button }).click()
    const before = await page.evaluate(() => globalThis.heard)
    assert.equal(before > 0, sounds, 'one hears what one has chosen')
    await away(page, true)
    await post(node.url, 'sounds', `@ann again, ${button}`, 'bob')
    await until('the notification', () => page.evaluate(() => globalThis.notified.length))
    assert.equal(await page.evaluate(() => globalThis.heard) > before, sounds, button)
    await page.context().close()
  }
})

// ---- names that look alike

const falseAnn = '\u0430nn'  // its first letter is Cyrillic

test('a name that looks like another is told of while it is typed, to whoever bears it, and beside both', async () => {
  const ann = await open(node.url, 'ann', { room: 'alike' })
  await say(ann, 'I am ann'); await stored(ann, 'I am ann')
  const page = await open(node.url, '', { room: 'alike' })
  await sees(page, 'I am ann')
  await page.fill('#first-name', falseAnn)
  await page.locator('#first-note', { hasText: /looks like “ann”, known in this room/ }).waitFor()
  await page.fill('#first-name', 'bob')
  await page.locator('#first-note').waitFor({ state: 'hidden' })
  await page.fill('#first-name', falseAnn)
  await page.press('#first-name', 'Enter')
  await page.locator('#problem', { hasText: 'looks like yours: “ann”' }).waitFor()
  await ann.locator('#problem', { hasText: `looks like yours: “${falseAnn}”` }).waitFor()
  await say(page, 'so am I'); await stored(page, 'so am I')
  await sees(ann, 'so am I')
  for (const one of [ann, page])
    assert.deepEqual(await one.$$eval('#log .user', (all) => all.map((name) => getComputedStyle(name, '::after').content.includes('looks like'))), [true, true])
  const carol = await open(node.url, 'carol', { room: 'alike' })
  await carol.locator('#log .user[data-alike]', { hasText: 'ann' }).first().waitFor()
  assert.equal(await carol.isVisible('#problem'), false)
  for (const one of [ann, page, carol]) await one.context().close()
})

// ---- a message

test('every message has its time: the day and the second as its title, and a machine\'s time', async () => {
  const page = await open(node.url, 'ann', { room: 'times' })
  for (const text of ['one', 'two', 'three']) { await say(page, text); await stored(page, text) }
  const times = await page.$$eval('#log li time', (all) => all.map((one) => [one.dateTime, one.title, one.textContent]))
  assert.equal(times.length, 3)
  for (const [time, title, shown] of times) {
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, time)
    assert.match(title, /\d{4}.*\d\d?:\d\d:\d\d/)
    assert.match(shown, /\d\d?:\d\d/)
  }
  await page.context().close()
})

test('a text is shown as it was meant, and copied as it was written', async () => {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, permissions: ['clipboard-read', 'clipboard-write'] })
  const page = await open(node.url, '', { room: 'texts', context })
  await introduce(page, 'ann')
  const text = '**bold** `code` <b>\n> quoted\n```\na  b\n```'
  await post(node.url, 'texts', text, 'bob'); await post(node.url, 'texts', '👍🎉', 'bob')
  await sees(page, 'bold')
  const made = (selector) => page.$$eval(`#log .text ${selector}`, (all) => all.map((one) => one.textContent))
  assert.deepEqual([await made('strong'), await made('p code'), await made('blockquote'), await made('pre'), await made('b')], [['bold'], ['code'], ['quoted'], ['a  b'], []])
  assert.equal(await page.locator('#log .text.big').textContent(), '👍🎉')
  const choose = async (action) => {
    await row(page, 'bold').hover()
    await row(page, 'bold').locator('.actions').click()
    await page.locator('#actions [role=menuitem]', { hasText: action }).click()
  }
  await choose('Copy text')
  await page.locator('#problem', { hasText: 'Copied' }).waitFor()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text)
  await choose('Copy link')
  await page.locator('#problem', { hasText: 'Link copied' }).waitFor()
  const link = await page.evaluate(() => navigator.clipboard.readText())
  await choose('Reply')
  assert.equal(await page.inputValue('#text'), '> **bold** `code` <b>\n> ```\n> a  b\n@bob ')
  await context.close()

  const other = await open(link.split('/#')[0], '', { room: link.split('#')[1] })
  await other.waitForFunction(() => document.activeElement.textContent.includes('bold'))
  assert.equal(await other.textContent('#room'), 'texts')
  await other.context().close()
})

test('a link to a message that is far back leads there, and to one that is not there says so', async () => {
  const first = await post(node.url, 'far', 'the very first')
  for (let i = 0; i < 600; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => post(node.url, 'far', `line ${i + j}.`)))
  const { messages } = await (await fetch(`${node.url}/api/search?q=very+first&room=far`)).json()
  assert.equal(messages[0].id, first.id)
  const page = await open(node.url, '', { room: `far/${messages[0].pos}` })
  await page.waitForFunction(() => document.activeElement.textContent.includes('the very first'))
  await page.evaluate((pos) => { location.hash = `far/${pos.slice(0, -4)}ZZZZ` }, messages[0].pos)
  await page.locator('#problem', { hasText: 'not there any more' }).waitFor()
  await page.context().close()
})

// ---- rooms and people

test('all rooms are found by a part of their name, the latest first, and a new one is opened by its name', async () => {
  for (const room of ['browse-old', 'browse-mid', 'browse-new']) await post(node.url, room, 'hello')
  const page = await open(node.url, 'ann', { room: 'browse-mid' })
  await connected(page)
  await page.click('#browse-rooms')
  await page.fill('#browse input', 'browse-')
  const shown = () => page.$$eval('#browse li', (all) => all.map((one) => one.innerText.replace(/\s+/g, ' ')))
  await until('the rooms', async () => (await shown()).join() === 'browse-new now,browse-mid open now,browse-old now,browse- new room').catch(async () => assert.fail((await shown()).join()))
  await page.fill('#browse input', 'browse-n')
  await page.press('#browse input', 'Enter')
  await page.locator('#room', { hasText: 'browse-new' }).waitFor()
  await page.click('#browse-rooms')
  await page.fill('#browse input', '#Quite-New')
  await page.locator('#browse li', { hasText: 'new room' }).waitFor()
  await page.press('#browse input', 'Enter')
  await page.locator('#room', { hasText: 'quite-new' }).waitFor()
  await page.context().close()
})

test('the header names the people in the room, and lists all of them', async () => {
  const others = []
  for (const name of ['bob', 'eve', 'joe', 'zoe']) others.push(await open(node.url, name, { room: 'heads' }))
  const page = await open(node.url, 'ann', { room: 'heads' })
  await page.locator('#present', { hasText: 'ann, bob, eve and 2 others' }).waitFor()
  await page.click('#present')
  assert.deepEqual(await page.$$eval('#present-list li', (all) => all.map((one) => one.textContent)), ['ann', 'bob', 'eve', 'joe', 'zoe'])
  await page.keyboard.press('Escape')
  await page.locator('#present-list').waitFor({ state: 'hidden' })
  for (const other of [page, ...others]) await other.context().close()
})

test('who comes for the first time is asked for a name, can read before, and loses nothing that was written', async () => {
  await post(node.url, 'first', 'said before')
  const page = await open(node.url, '', { room: 'first' })
  await sees(page, 'said before')
  assert.equal(await page.isVisible('#first'), true)
  assert.equal(await page.isVisible('#me'), false)
  await say(page, 'half a thought')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'first-name')
  await page.fill('#first-name', 'Я'.repeat(80))
  await page.locator('#first-note', { hasText: 'too long by 16' }).waitFor()
  await page.fill('#first-name', 'ann'); await page.press('#first-name', 'Enter')
  await page.locator('#first').waitFor({ state: 'hidden' })
  assert.deepEqual([await page.inputValue('#text'), await page.evaluate(() => document.activeElement.id), await page.inputValue('#name')], ['half a thought', 'text', 'ann'])
  await page.press('#text', 'Enter'); await stored(page, 'half a thought')
  await page.reload()
  await sees(page, 'half a thought')
  assert.equal(await page.isVisible('#first'), false)
  await page.context().close()
})

// ---- the state of things

test('a page that cannot reach its server says why, and tries again when asked', async () => {
  const way = await proxy(node.port)
  const page = await open(way.url.slice(0, -1), 'ann', { room: 'retries' })
  await connected(page)
  const { port } = way
  way.end()
  await page.locator('#banner', { hasText: 'connection to the server is gone' }).waitFor()
  await page.context().setOffline(true)
  await page.locator('#banner', { hasText: 'This device has no network' }).waitFor()
  await page.context().setOffline(false)
  await page.waitForTimeout(4000)
  const back = await proxy(node.port, {}, { port })
  const before = performance.now()
  await page.locator('#retry').dispatchEvent('click')  // it goes when the page's own next try is quicker
  await connected(page)
  assert.ok(performance.now() - before < 3000, `${performance.now() - before} ms`)
  await page.locator('#banner').waitFor({ state: 'hidden' })
  await page.context().close(); back.end()
})

test('without a network the page opens all the same, says so, and goes on when there is one', { skip: process.env.DAVENPORT_PAGE_FOLDER }, async () => {
  const context = await browser.newContext({ serviceWorkers: 'allow' })
  const page = watch(await context.newPage(), 'shell')
  const way = await proxy(node.port, { page: undefined })
  await page.goto(`${way.url}#shell`)
  await page.evaluate(() => navigator.serviceWorker.ready)
  await until('the files to be kept', () => page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).length))).some((count) => count >= 5)))
  const { port } = way
  way.end()
  await page.reload()
  await page.locator('#banner', { hasText: 'server does not answer' }).waitFor()
  assert.equal(await page.evaluate(() => fetch('healthz').then(() => 'answered', () => 'no answer')), 'no answer')
  const back = await proxy(node.port, { page: undefined }, { port })
  await page.click('#retry', { timeout: 3000 }).catch(() => {})  // it may have come back by itself meanwhile
  await connected(page)
  await context.close(); back.end()
})

test('the manifest and the icons are there, and whoever has German as a language reads German', async () => {
  const manifest = await (await fetch(`${node.url}/manifest.webmanifest`)).json()
  for (const { src } of manifest.icons) assert.equal((await fetch(new URL(src, `${node.url}/`))).status, 200)
  const page = await open(node.url, 'ann', { room: 'deutsch', locale: 'de-AT' })
  await connected(page)
  await say(page, 'Servus'); await stored(page, 'Servus')
  assert.equal(await page.getAttribute('html', 'lang'), 'de')
  const shown = await page.evaluate(() => [document.getElementById('send').textContent, document.getElementById('text').placeholder, document.getElementById('find').title,
    document.querySelector('#log time').title])
  assert.deepEqual(shown.slice(0, 3), ['Senden', 'Sag etwas in deutsch', 'Suchen (Strg+K)'])
  assert.match(shown[3], /(Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag)/)
  const english = Object.values((await import('./lib/modules.mjs').then(({ pageModule }) => pageModule('english.js'))).english).filter((one) => typeof one === 'string' && one.length > 8)
  const all = await page.evaluate(() => document.body.innerHTML)
  for (const told of english) assert.ok(!all.includes(told), `in English: ${told}`)
  await page.context().close()
})

test('(and nothing was complained of)', () => assert.deepEqual(troubles, []))

await run(() => browser.close())
