// A page over days: nodes that restart, names that change, tabs beside each other, who signs out, what one comes back to.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { launch } from './lib/browser.mjs'
import { connected, goTo, introduce, pages, pause, post, row, say, sees, stored, texts } from './lib/page.mjs'
import { folder, run, start, test, until } from './lib/programs.mjs'
import { proxy } from './lib/proxy.mjs'
import { club } from './lib/club.mjs'
import { readFileSync } from 'node:fs'

const controlFile = join(folder, 'control')
const store = await start('couchmock', ['--control', '127.0.0.1:0', '--control-port-file', controlFile, '--log-level', 'error'])
const control = `http://127.0.0.1:${await until('the control port', () => { try { return readFileSync(controlFile, 'utf8').trim() } catch { return '' } })}/_mock/faults`
const nodeArgs = ['--posts-per-second', '0', '--store', `${store.url}/chat`, '--name', 'n1', '--journal', join(folder, 'n1'), '--log-level', 'error']
let node = await start('chatnode', nodeArgs)
const browser = await launch()
const { open, watch, troubles } = pages(browser)

// ---- what was said

test('what was accepted before a node restarts is shown as stored after it', async () => {
  const page = await open(node.url, 'ann', { room: 'restart' })
  await connected(page)
  await fetch(control, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'outage', fault: 'store.down' }) })
  await say(page, 'said with the store away')
  await page.locator('#log li[data-state=accepted]').waitFor()
  await node.end('SIGKILL')
  node = await start('chatnode', nodeArgs, { port: node.port })
  await fetch(`${control}/outage`, { method: 'DELETE' })
  await stored(page, 'said with the store away', 15_000)
  await page.context().close()
})

test('what waits when one takes another name is said under the name that it was said by', async () => {
  for (const rules of [{}, { websocket: 'refuse' }]) {
    const way = await proxy(node.port, rules)
    const room = `renames${rules.websocket ? '-without' : ''}`
    const page = await open(way.url.slice(0, -1), 'ann', { room })
    await until('the page to be connected', async () => (await page.textContent('#link')) === (rules.websocket ? 'slower' : '') && (await page.textContent('#link')) !== 'connecting…', 20_000)
    await say(page, 'said before')
    await stored(page, 'said before')
    way.rules.frozen = true
    way.cut()
    await say(page, 'said into the void')
    await page.fill('#name', 'anna'); await page.press('#name', 'Enter')
    await say(page, 'said by another name')
    way.rules.frozen = false
    way.cut()
    for (const text of ['said into the void', 'said by another name']) await stored(page, text, 20_000)
    const told = (await (await fetch(`${node.url}/api/rooms/${room}/messages`)).json()).messages.map(({ user, text }) => `${user}: ${text}`).reverse()
    assert.deepEqual(told, ['ann: said before', 'ann: said into the void', 'anna: said by another name'])
    await page.context().close(); way.end()
  }
})

test('half an emoji is said as what can be said of it, and stored', async () => {
  const page = await open(node.url, 'ann', { room: 'halves' })
  await page.evaluate(() => { document.getElementById('text').value = 'half \uD83D of it' })
  await page.press('#text', 'Enter')
  await stored(page, 'half \uFFFD of it')
  await page.context().close()
})

test('what is not at the server can be discarded', async () => {
  const way = await proxy(node.port)
  const page = await open(way.url.slice(0, -1), 'ann', { room: 'discards' })
  await connected(page)
  way.rules.frozen = true
  way.cut()
  await say(page, 'better not')
  await row(page, 'better not').hover()
  await row(page, 'better not').locator('.actions').click()
  await page.locator('#actions [role=menuitem]', { hasText: 'Discard' }).click()
  await row(page, 'better not').waitFor({ state: 'detached' })
  await page.context().close(); way.end()
})

// ---- tabs

test('two tabs do not overwrite each other\'s rooms, and follow each other', async () => {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } })
  const names = (page) => page.$$eval('#rooms .name', (all) => all.map((one) => one.textContent).sort())
  const one = watch(await context.newPage(), 'one')
  await one.goto(`${node.url}/#lobby`)
  const two = watch(await context.newPage(), 'two')
  await two.goto(`${node.url}/#lobby`)
  for (const page of [one, two]) await connected(page)
  await goTo(one, 'from-one')
  await goTo(two, 'from-two')
  for (const page of [one, two]) await until('all three rooms', async () => (await names(page)).join() === 'from-one,from-two,lobby')
  await one.click('[aria-label="Leave lobby"]')
  await until('it to be left in the other tab', async () => (await names(two)).join() === 'from-one,from-two')
  await one.reload()
  await until('the rooms after a reload', async () => (await names(one)).join() === 'from-one,from-two')
  await context.close()
})

test('who signs out in one tab is out in all, and nothing of theirs is left', async () => {
  const { node: guarded, end } = await club('tabs')
  const context = await browser.newContext()
  const one = watch(await context.newPage(), 'one')
  await one.goto(`${guarded.url}/#club`)
  await one.fill('#sign-in [name=name]', 'zoe'); await one.fill('#sign-in [name=password]', 'open sesame')
  await one.click('#sign-in button')
  await one.locator('#sign-in').waitFor({ state: 'hidden' })
  await say(one, 'said by zoe'); await stored(one, 'said by zoe')
  const two = watch(await context.newPage(), 'two')
  await two.goto(`${guarded.url}/#club`)
  await sees(two, 'said by zoe')
  await one.click('#sign-out')
  for (const page of [one, two]) {
    await page.locator('#sign-in[open]').waitFor()
    assert.equal(await row(page, 'said by zoe').count(), 0)
  }
  await context.close(); await end()
})

for (const [what, stop] of [['is not answered', (way) => { way.rules.frozen = true }], ['does not reach it', (way) => way.end()]])
  test(`a sign-out that the node ${what} holds all the same, in all tabs, though a message waits in one`, async () => {
    const { node: guarded, end } = await club(`leaving-${what.length}`)
    let way = await proxy(guarded.port)
    const { port } = way
    const context = await browser.newContext()
    const tabs = []
    for (const name of ['one', 'two', 'three']) {
      const page = watch(await context.newPage(), name)
      tabs.push(page)
      await page.goto(`${way.url}#club`)
      if (name !== 'one') continue
      await page.fill('#sign-in [name=name]', 'zoe'); await page.fill('#sign-in [name=password]', 'open sesame'); await page.click('#sign-in button')
      await page.locator('#sign-in').waitFor({ state: 'hidden' })
    }
    const [one, two] = tabs
    await say(one, 'said by zoe')
    for (const page of tabs) await sees(page, 'said by zoe')
    const cookies = await context.cookies()
    stop(way)
    await say(two, 'waits with zoe')
    await one.locator('#sign-out').click({ noWaitAfter: true })
    await pause(500)
    if (way.rules.frozen) { way.rules.frozen = false; way.cut() }
    else way = await proxy(guarded.port, {}, { port })
    for (const page of tabs) {
      await page.goto('about:blank')  // a page that cannot be reached is loaded by hand
      await page.goto(`${way.url}#club`)
      await page.locator('#sign-in[open]').waitFor({ timeout: 15_000 })
      assert.equal(await page.locator('#log li').count(), 0)
    }
    await context.clearCookies()
    await context.addCookies(cookies)
    await one.reload()
    await one.locator('#sign-in[open]').waitFor()  // the node has ended it: the old cookie is worth nothing
    assert.doesNotMatch(await two.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])), /zoe|leaving/)
    await context.close(); way.end(); await end()
  })

test('the sign-in stays, however often one presses Escape', async () => {
  const { node: guarded, end } = await club('escape')
  const page = await open(guarded.url, '', { room: 'club' })
  await page.locator('#sign-in[open]').waitFor()
  for (let i = 0; i < 4; ++i) { await page.keyboard.press('Escape'); await pause(50) }
  assert.equal(await page.locator('#sign-in[open]').count(), 1)
  await page.context().close(); await end()
})

test('what is said in a room that was empty when one left it is unread, also after a reload and in another tab', async () => {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 } })
  const page = watch(await context.newPage(), 'ann')
  await page.goto(`${node.url}/#was-empty`)
  await introduce(page, 'ann')
  await connected(page)
  await page.locator('#empty').waitFor()
  await goTo(page, 'elsewhere')
  await post(node.url, 'was-empty', 'first of all', 'bob')
  const unread = (page) => page.locator('.unread', { hasText: /^1 unread/ }).waitFor({ timeout: 5000 })
  await unread(page)
  await page.reload()
  await unread(page)
  const other = watch(await context.newPage(), 'ann too')
  await other.goto(`${node.url}/#elsewhere`)
  await unread(other)
  await goTo(page, 'was-empty')
  await page.locator('.dividers .new', { hasText: /^New$/ }).waitFor()
  await context.close()
})

// ---- what is found

test('a phrase finds what the node finds, and nothing else', async () => {
  for (let i = 0; i < 30; ++i) await post(node.url, 'phrases', `msg ${i === 7 ? '43' : ''}${i} of many`)
  await post(node.url, 'phrases', 'a message 3 that is no phrase: of msg')
  const page = await open(node.url, 'ann', { room: 'phrases' })
  await sees(page, 'msg 29 ')
  await page.keyboard.press('Control+k')
  for (const [query, count] of [['"msg 3"', 1], ['"msg 1"', 1], ['msg 3', 2], ['sg', 0]]) {
    await page.fill('#query', query)
    await page.locator('#search [role=status]', { hasText: count ? new RegExp(`^${count}$`) : 'None' }).waitFor({ timeout: 5000 }).catch(async () => {
      throw new Error(`${query}: ${await page.textContent('#search [role=status]')}`)
    })
    assert.equal(await page.locator('#search li').count(), count, query)
  }
  await page.context().close()
})

// ---- where one is

test('whatever appears around the messages, the newest stays in sight', async () => {
  for (let i = 0; i < 19; ++i) await post(node.url, 'twenty', `line ${i}`)
  const page = await open(node.url, 'ann', { room: 'twenty', viewport: { width: 1000, height: 420 } })
  await sees(page, 'line 18')
  for (let i = 19; i < 22; ++i) {
    await post(node.url, 'twenty', `line ${i}`)
    await sees(page, `line ${i}`)
    await until('the newest to be in sight', () => page.evaluate(() => {
      const scroll = document.getElementById('scroll')
      return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 2
    }), 2000)
  }
  await page.context().close()
})

test('on a phone the drawer takes the focus, keeps it, and gives it back', async () => {
  const page = await open(node.url, '', { room: 'drawer', viewport: { width: 390, height: 844 } })
  await page.click('#menu')
  await until('the focus to be in the drawer', () => page.evaluate(() => Boolean(document.activeElement.closest('#side'))), 2000)
  for (let i = 0; i < 12; ++i) {
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => Boolean(document.activeElement.closest('main'))), false, 'the focus is behind the drawer')
  }
  await page.keyboard.press('Escape')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'menu')
  await page.context().close()
})

test('Escape leads back to the line one writes in, and so does typing', async () => {
  const page = await open(node.url, 'ann', { room: 'escape' })
  await say(page, 'one'); await sees(page, 'one')
  await page.focus('#scroll')
  await page.keyboard.press('Escape')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'text')
  await page.focus('#scroll')
  await page.keyboard.type('typed away')
  assert.equal(await page.inputValue('#text'), 'typed away')
  await page.context().close()
})

test('(and nothing was complained of)', () => assert.deepEqual(troubles, []))

await run(() => browser.close())
