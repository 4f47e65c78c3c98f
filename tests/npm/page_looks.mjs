// How the page looks and is used: on a phone, a tablet and a desktop, light and dark, at 200 and 400 %, with the person's own colours, without motion,
// by the keyboard alone, through a screen reader's eyes (axe, without a finding of any kind). Pictures of all that are kept in DAVENPORT_PICTURES.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { launch } from './lib/browser.mjs'
import { connected, introduce, pages, post, sees } from './lib/page.mjs'
import { folder, run, start, test, until } from './lib/programs.mjs'

const pictures = process.env.DAVENPORT_PICTURES ?? join(folder, 'pictures')
mkdirSync(pictures, { recursive: true })
const store = await start('couchmock', ['--log-level', 'error'])
const node = await start('chatnode', ['--posts-per-second', '0', '--store', `${store.url}/chat`, '--name', 'n1', '--journal', join(folder, 'n1'), '--log-level', 'error'])
const browser = await launch()
const { open, troubles } = pages(browser)

const talk = [
  ['bob', 'Good morning! The build of last night is green, see https://ci.example/builds/4711'],
  ['bob', 'Only the slow test took **twice as long** as usual.'],
  ['Carol Díaz', '> Only the slow test took twice as long\nThat was me: I changed `retry_ms`, and *forgot* to change it back.'],
  ['Carol Díaz', '```yaml\ntopology:\n  nodes: 3\n  retry_ms: 250   # was 2500\n```'],
  ['李小龍', '没关系。我来改。'],
  ['dave', '@ann can you look at it before noon?'],
  ['dave', '👍'],
  ['مريم', 'صباح الخير، سأجرب ذلك الآن.'],
  ['a-very-long-name-that-somebody-chose-to-see-what-happens', 'w'.repeat(90)],
]
for (const [user, text] of talk) await post(node.url, 'tearoom', text, user)
for (const room of ['lobby', 'garden', 'a-room-with-a-name-as-long-as-names-can-be-in-this-chat-64-chars']) await post(node.url, room, 'hello', 'bob')

const kept = () => localStorage.setItem('rooms', JSON.stringify(['lobby', 'garden', 'tearoom', 'a-room-with-a-name-as-long-as-names-can-be-in-this-chat-64-chars']))
/// A page in the middle of a conversation: something unread, something sent, somebody named.
async function conversation(options = {}) {
  const page = await open(node.url, '', { init: kept, bypassCSP: true, ...options })
  await introduce(page, 'ann')
  await sees(page, 'صباح')
  await connected(page)
  return page
}
const settled = (page) => page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished)))
const picture = async (page, name) => { await settled(page); await page.screenshot({ path: join(pictures, `${name}.png`) }) }

/// What axe finds, of any kind and any weight.
async function noFault(page, where) {
  await settled(page)
  if (!await page.evaluate(() => Boolean(window.axe))) await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() => window.axe.run())
  assert.deepEqual(violations.map(({ id, impact, nodes }) => `${where}: ${id} (${impact}): ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join(' | ')}`), [])
}
/// Nothing is cut off at the side, and what one needs is in sight.
async function fits(page, where) {
  const found = await page.evaluate(() => {
    const { innerWidth, innerHeight } = window
    const beyond = [...document.querySelectorAll('main *')].filter((one) => {
      const { left, right, width } = one.getBoundingClientRect()
      return width > 1 && getComputedStyle(one).visibility === 'visible' && (right > innerWidth + 1 || left < -1) && !one.closest('.hidden')
    })
    return { wide: document.documentElement.scrollWidth - innerWidth, beyond: beyond.map((one) => one.outerHTML.slice(0, 120)) }
  })
  assert.deepEqual(found, { wide: 0, beyond: [] }, where)
}

const screens = { phone: { width: 390, height: 844, hasTouch: true }, tablet: { width: 820, height: 1180 }, desktop: { width: 1280, height: 800 } }
for (const [screen, { hasTouch, ...viewport }] of Object.entries(screens))
  for (const colorScheme of ['light', 'dark'])
    test(`on a ${screen}, ${colorScheme}: it fits, and axe finds nothing, wherever one goes`, async () => {
      const look = async (page, what) => {
        await picture(page, `${screen}-${colorScheme}-${what}`)
        await fits(page, what)
        await noFault(page, what)
      }
      const first = await open(node.url, '', { init: kept, bypassCSP: true, viewport, colorScheme, hasTouch })
      await sees(first, 'صباح')
      await look(first, 'first-visit')
      await first.context().close()

      const page = await conversation({ viewport, colorScheme, hasTouch })
      await page.fill('#text', 'On my way.'); await page.press('#text', 'Enter')
      await page.locator('#log .mine[data-state=stored]').first().waitFor()
      await post(node.url, 'garden', 'the roses are out, ann', 'bob'); await post(node.url, 'lobby', 'hi', 'bob')
      await until('what is unread', async () => /^\(@1\)/.test(await page.title()))
      await look(page, 'conversation')
      if (screen === 'phone') { await page.click('#menu'); await look(page, 'drawer'); await page.keyboard.press('Escape') }
      await page.locator('#log li', { hasText: 'morning' }).hover()
      await page.locator('#log li', { hasText: 'morning' }).locator('.actions').click()
      await look(page, 'menu')
      await page.keyboard.press('Escape')
      await page.click('#find'); await page.fill('#query', 'retry'); await page.locator('#search li mark').first().waitFor()
      await look(page, 'search')
      await page.keyboard.press('Escape')
      if (screen === 'phone') await page.click('#menu')
      await page.click('#browse-rooms'); await page.locator('#browse li').first().waitFor()
      await look(page, 'rooms')
      await page.keyboard.press('Escape')
      await page.context().close()
    })

for (const [percent, viewport] of [[200, { width: 640, height: 512 }], [400, { width: 320, height: 256 }]])
  test(`at ${percent} % nothing is cut off, and one can read and write`, async () => {
    const page = await conversation({ viewport })
    await fits(page, `${percent} %`)
    await page.focus('#text')
    await page.keyboard.type('written at a size')
    await picture(page, `zoom-${percent}`)
    const { top, bottom } = await page.locator('#text').evaluate((one) => { const { top, bottom } = one.getBoundingClientRect(); return { top, bottom } })
    assert.ok(top >= 0 && bottom <= viewport.height, `the line one writes in is from ${top} to ${bottom}`)
    await page.keyboard.press('Enter')
    await page.locator('#log .mine[data-state=stored]', { hasText: 'written at a size' }).first().waitFor()
    const newest = await page.locator('#log li').last().boundingBox()
    assert.ok(newest.y + newest.height <= viewport.height + 1 && newest.y >= -1, `the newest message is at ${newest.y}`)
    await page.click('#menu')
    await settled(page)
    await picture(page, `zoom-${percent}-drawer`)
    for (const room of ['garden', 'lobby']) {
      const { height } = await page.locator('#rooms li', { hasText: room }).boundingBox()
      assert.ok(height > 20, `${room} is ${height} px high`)
      const list = await page.locator('#rooms').boundingBox()
      assert.ok(list.height > 40, `the rooms have ${list.height} px`)
    }
    await noFault(page, `the drawer at ${percent} %`)
    await page.context().close()
  })

test('with the person\'s own colours what stood out by its ground still does', async () => {
  const page = await conversation({ forcedColors: 'active' })
  await page.fill('#text', 'On my way.'); await page.press('#text', 'Enter')
  await page.locator('#log .mine[data-state=stored]').first().waitFor()
  await picture(page, 'forced-colours')
  const edges = await page.evaluate(() => Object.fromEntries(['#log .mine', '#log .named', '.room[aria-current]', '#send', '#text', '#find'].map((selector) => {
    const style = getComputedStyle(document.querySelector(selector))
    return [selector, ['Top', 'Right', 'Bottom', 'Left'].some((side) => parseFloat(style[`border${side}Width`]) > 0 && style[`border${side}Style`] !== 'none') || style.outlineStyle !== 'none']
  })))
  assert.deepEqual(edges, Object.fromEntries(Object.keys(edges).map((selector) => [selector, true])))
  await noFault(page, 'forced colours')
  await page.context().close()
})

test('a list that is longer than its place can be scrolled by the keyboard', async () => {
  const page = await conversation({ viewport: { width: 1000, height: 480 } })
  await until('the list to be longer', () => page.evaluate(() => { const { scrollHeight, clientHeight } = document.getElementById('lately'); return scrollHeight > clientHeight + 5 }))
  await noFault(page, 'a low window')
  await page.focus('#lately')
  await page.keyboard.press('End')
  await until('it to be scrolled', () => page.evaluate(() => document.getElementById('lately').scrollTop > 0), 3000)
  await page.setViewportSize({ width: 1000, height: 900 })
  await until('it to take no focus where there is nothing to scroll', () => page.evaluate(() => !document.getElementById('lately').hasAttribute('tabindex')), 3000)
  await page.context().close()
})

test('with the person\'s own colours one sees which action has the focus', async () => {
  const page = await conversation({ forcedColors: 'active' })
  await page.locator('#log li', { hasText: 'morning' }).hover()
  await page.locator('#log li', { hasText: 'morning' }).locator('.actions').click()
  assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'solid')
  await page.context().close()
})

test('the day stands on the page\'s own ground, also above what one said', async () => {
  const page = await open(node.url, '', { room: 'grounds', bypassCSP: true })
  await introduce(page, 'ann')
  await connected(page)
  await page.fill('#text', 'the first of this day'); await page.press('#text', 'Enter')
  await page.locator('#log .mine .dividers').waitFor()
  const [divider, paper, mine] = await page.evaluate(() => ['#log .mine .dividers', 'body', '#log .mine'].map((selector) => getComputedStyle(document.querySelector(selector)).backgroundColor))
  assert.equal(divider, paper)
  assert.notEqual(divider, mine)
  const [line, row] = await page.evaluate(() => ['#log .mine .dividers', '#log .mine'].map((selector) => document.querySelector(selector).getBoundingClientRect()).map(({ left, right, top }) => [left, right, top]))
  assert.deepEqual(line.map(Math.round), row.map(Math.round))
  await page.context().close()
})

test('what one types in has an edge that is seen: at least 3 to 1', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await conversation({ colorScheme })
    const ratios = await page.evaluate(() => {
      const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
      const light = (colour) => {
        context.fillStyle = colour; context.fillRect(0, 0, 1, 1)
        const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
      }
      const groundOf = (node) => { for (let one = node; one; one = one.parentElement) { const { backgroundColor } = getComputedStyle(one); if (!/, 0\)$|transparent/.test(backgroundColor)) return backgroundColor } return 'white' }
      return ['#text', '#join-name', '#name', '#find'].map((selector) => {
        const node = document.querySelector(selector)
        const [a, b] = [light(getComputedStyle(node).borderTopColor), light(groundOf(node.parentElement))].sort((x, y) => y - x)
        return [selector, (a + 0.05) / (b + 0.05)]
      })
    })
    for (const [selector, ratio] of ratios) assert.ok(ratio >= 3, `${selector}, ${colorScheme}: ${ratio.toFixed(2)} to 1`)
    await page.context().close()
  }
})

test('without motion nothing moves', async () => {
  const page = await conversation({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' })
  await page.click('#menu')
  assert.deepEqual(await page.evaluate(() => document.getAnimations().map((one) => one.transitionProperty ?? one.animationName)), [])
  await page.context().close()
})

test('by the keyboard alone one gives a name, says something, answers, finds a room, searches, and leaves', async () => {
  const page = await open(node.url, '', { room: 'keys' })
  await post(node.url, 'keys', 'first', 'bob'); await post(node.url, 'keys', 'second', 'bob')
  await sees(page, 'second')
  const keys = async (...names) => { for (const name of names) await page.keyboard.press(name) }
  const focused = () => page.evaluate(() => { const { id, textContent } = document.activeElement; return id || textContent })
  const tabTo = (id, key = 'Tab') => until(`the focus on ${id}`, async () => {
    if (await focused() === id) return true
    await keys(key)
    return await focused() === id
  })
  assert.equal(await focused(), 'first-name')
  await page.keyboard.type('kim'); await keys('Enter')
  assert.equal(await focused(), 'text')
  await page.keyboard.type('third'); await keys('Enter')
  await page.locator('#log .mine[data-state=stored]', { hasText: 'third' }).waitFor()
  await tabTo('scroll', 'Shift+Tab')
  await keys('Tab', 'ArrowUp', 'Enter')  // the newest message's actions, the one before, its menu
  assert.equal(await page.locator('#log li.chosen').innerText().then((text) => text.includes('second')), true)
  assert.equal(await focused(), 'Reply')
  await keys('ArrowDown', 'ArrowUp', 'Enter')
  assert.equal(await focused(), 'text')
  assert.equal(await page.inputValue('#text'), '> second\n@bob ')
  await page.keyboard.type('fourth'); await keys('Enter')
  await page.locator('#log .mine[data-state=stored]', { hasText: 'fourth' }).waitFor()
  await tabTo('browse-rooms', 'Shift+Tab')
  await keys('Enter')
  await page.locator('#browse li').first().waitFor()
  await page.keyboard.type('garden'); await keys('Enter')
  await page.locator('#room', { hasText: 'garden' }).waitFor()
  await keys('Alt+ArrowUp')
  await page.locator('#room', { hasText: 'keys' }).waitFor()
  await keys('Control+k')
  await page.keyboard.type('fourth')
  await page.locator('#search li mark').first().waitFor()
  await keys('Enter', 'Enter')
  await page.waitForFunction(() => document.activeElement.textContent.includes('fourth'))
  await keys('Escape')
  assert.equal(await focused(), 'text')
  await tabTo('name', 'Shift+Tab')
  await page.context().close()
})

test('a screen reader is told names for all that one can press, and history is not read out', async () => {
  const page = await conversation()
  const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, input, textarea, [role]')].filter((one) => !one.closest('[hidden]') && one.checkVisibility() && !one.closest('ul, ol'))
    .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length || one.getAttribute('aria-labelledby') || one.matches('[role=status], [role=alert]'))).map((one) => one.outerHTML))
  assert.deepEqual(unnamed, [])
  assert.deepEqual(await page.evaluate(() => { const { ariaLive, ariaBusy, ariaLabel } = document.querySelector('[role=log]'); return { ariaLive, ariaBusy, ariaLabel } }), { ariaLive: 'polite', ariaBusy: 'false', ariaLabel: 'Messages' })
  await page.context().close()
})

test('(and nothing was complained of)', () => assert.deepEqual(troubles, []))

await run(() => browser.close())
if (process.env.DAVENPORT_PICTURES) console.log(`pictures: ${pictures}`)
