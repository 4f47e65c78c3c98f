// What moderators do on the page, and what those see whom it concerns; with the store away too.
import assert from 'node:assert/strict'
import { launch } from './lib/browser.mjs'
import { moderated } from './lib/moderated.mjs'
import { KeyMaker } from '../../node/page/keys.js'
import { goTo, pages, row, say, sees, stored } from './lib/page.mjs'
import { run, test, until } from './lib/programs.mjs'
import { proxy } from './lib/proxy.mjs'

const browser = await launch()
const { open, troubles } = pages(browser)
const { couch, away, here, there, openAs, end } = await moderated({ moderators: ['boss'], others: ['ann', 'mallory'] }, open)
const choose = async (page, text, action) => {
  await row(page, text).hover()
  await row(page, text).locator('.actions').click()
  await page.locator('#actions button', { hasText: action }).click()
}
const offers = async (page, text) => {
  await row(page, text).hover()
  await row(page, text).locator('.actions').click()
  const all = await page.locator('#actions button').allTextContents()
  await page.keyboard.press('Escape')
  return all
}
const banner = (page, text) => page.locator('#banner', { hasText: text }).waitFor()
const problem = (page, text) => page.locator('#problem', { hasText: text }).waitFor()

test('a moderator removes, bans and lets in again; the banned see why, at another node', async () => {
  const boss = await openAs(here.url, 'boss', 'tearoom'), ann = await openAs(here.url, 'ann', 'tearoom'), mallory = await openAs(there.url, 'mallory', 'tearoom')
  await say(mallory, 'buy this'); await sees(boss, 'buy this'); await sees(ann, 'buy this')
  assert.ok(!(await offers(ann, 'buy this')).some((one) => /Ban|Remove/.test(one)))
  await choose(boss, 'buy this', 'Ban')
  await boss.fill('#ban [name=reason]', 'spam')
  await boss.click('#ban button:not(.close)')
  await problem(boss, 'mallory is banned')
  await banner(mallory, 'You cannot take part here')
  await banner(mallory, 'spam')
  await banner(mallory, 'That ends')
  assert.equal((await couch('GET', '/chat/davenport-ban~tearoom~mallory')).body.by, 'boss')
  await choose(boss, 'buy this', 'Let in again')
  await problem(boss, 'mallory may come in again')
  await mallory.reload()
  await say(mallory, 'sorry'); await sees(boss, 'sorry')
  await choose(boss, 'buy this', 'Remove')
  await ann.locator('#log .fate', { hasText: 'Removed by boss' }).waitFor({ timeout: 15_000 })
  for (const page of [boss, ann, mallory]) await page.context().close()
})

test("a room's topic stands in its header, and who may not read there is told so", async () => {
  const ann = await openAs(here.url, 'ann', 'crew'), mallory = await openAs(here.url, 'mallory', 'crew')
  await say(ann, 'hello'); await sees(mallory, 'hello')
  const { body } = await couch('PUT', '/chat/davenport-room~crew', { what: 'room', topic: 'All hands', readers: { names: ['ann'] } })
  await ann.locator('#topic', { hasText: 'All hands' }).waitFor()
  await banner(mallory, 'for its members')
  await couch('DELETE', `/chat/davenport-room~crew?rev=${body.rev}`)
  await until('the topic is gone', () => ann.locator('#topic').isHidden())
  await ann.context().close(); await mallory.context().close()
})

test('with the store away a ban holds here, and its maker is told when it holds elsewhere', async () => {
  const boss = await openAs(here.url, 'boss', 'outage'), mallory = await openAs(here.url, 'mallory', 'outage')
  await say(mallory, 'buy that'); await stored(mallory, 'buy that'); await sees(boss, 'buy that')
  await away(true)
  await banner(boss, 'are apart')
  await choose(boss, 'buy that', 'Ban')
  await boss.click('#ban button:not(.close)')
  await problem(boss, 'as soon as they are together again')
  await banner(mallory, 'You cannot take part here')
  await away(false)
  await until('the ban is in the store', async () => (await couch('GET', '/chat/davenport-ban~outage~mallory')).status === 200, 20_000)
  await boss.context().close(); await mallory.context().close()
})

test('a ban from a clock that was ahead is lifted like any other', async () => {
  const boss = await openAs(here.url, 'boss', 'ahead'), ann = await openAs(here.url, 'ann', 'ahead')
  await say(ann, 'hello'); await sees(boss, 'hello')
  const clock = { now: () => Date.now() + 3_600_000 }
  await couch('PUT', '/chat/davenport-ban~ahead~ann', { what: 'ban', who: 'ann', room: 'ahead', at: new KeyMaker(clock).next() })
  await banner(ann, 'You cannot take part here')
  await boss.reload()
  await sees(boss, 'hello')
  await choose(boss, 'hello', 'Let in again')
  await problem(boss, 'ann may come in again')
  await ann.reload()
  await say(ann, 'here again'); await sees(boss, 'here again')
  await boss.context().close(); await ann.context().close()
})

test('without a WebSocket the banned see why too, also after a reload, and go on in other rooms', async () => {
  const way = await proxy(there.port, { websocket: 'refuse' })
  const boss = await openAs(here.url, 'boss', 'hedge'), mallory = await openAs(way.url.replace(/\/$/, ''), 'mallory', 'hedge')
  await say(mallory, 'psst'); await sees(boss, 'psst')
  await choose(boss, 'psst', 'Ban')
  await boss.click('#ban button:not(.close)')
  await banner(mallory, 'You cannot take part here')
  await mallory.reload()
  await banner(mallory, 'You cannot take part here')
  await goTo(mallory, 'garden')
  await say(mallory, 'hello'); await stored(mallory, 'hello')
  assert.equal(await mallory.locator('#banner').isHidden(), true)
  await boss.context().close(); await mallory.context().close()
  way.end()
})

test('(and no page had any trouble)', () => assert.deepEqual(troubles.filter((one) => !one.includes('status of 403')), []))  // a browser tells of what is refused

await run(async () => { await browser.close(); await end() })
