// What a room is, on the page: everybody sees it, a moderator sets it, at whichever node, with the store away, and by the keyboard.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { launch } from './lib/browser.mjs'
import { moderated } from './lib/moderated.mjs'
import { pages, pause, row, say, sees, stored } from './lib/page.mjs'
import { folder, run, test, until } from './lib/programs.mjs'
import { proxy } from './lib/proxy.mjs'

const browser = await launch()
const { open, troubles } = pages(browser)
const chat = await moderated({ moderators: ['boss', 'chief'], others: ['ann', 'mallory'] }, open)
const { couch, away, node, here, there, end } = chat
const openAs = (url, name, room, options = {}) => chat.openAs(url, name, room, { bypassCSP: true, ...options })
const pictures = process.env.DAVENPORT_PICTURES
if (pictures) mkdirSync(pictures, { recursive: true })
const picture = (page, name) => pictures && page.screenshot({ path: join(pictures, `${name}.png`) })
const part = (page, name) => page.locator(`#about [data-part=${name}]`)
const state = (page, text) => part(page, 'state').filter({ hasText: text }).waitFor({ timeout: 15_000 })
const look = async (page) => { if (!await page.isVisible('#about')) await page.click('#about-open'); await page.locator('#about').waitFor() }
const close = (page) => part(page, 'close').click()
async function edit(page) {
  await look(page)
  await part(page, 'change').click()
  await page.locator('#about [name=topic]').waitFor()
}
const save = (page) => page.click('#about .buttons button:not(.close)')
const banner = (page, text) => page.locator('#banner', { hasText: text }).waitFor()
/// What axe finds, of any kind and any weight.
async function noFault(page, where) {
  if (!await page.evaluate(() => Boolean(window.axe))) await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() => window.axe.run())
  assert.deepEqual(violations.map(({ id, impact, nodes }) => `${where}: ${id} (${impact}): ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join(' | ')}`), [])
}

test('a moderator sets the topic, and who is at another node sees it, and who is there', async () => {
  const boss = await openAs(here.url, 'boss', 'tearoom'), ann = await openAs(there.url, 'ann', 'tearoom')
  await say(ann, 'hello'); await sees(boss, 'hello')
  await edit(boss)
  await boss.fill('#about [name=topic]', 'Tea, and what goes with it')
  await boss.fill('#about [name=slow]', '10')
  await boss.fill('#about [name=days]', '30')
  await part(boss, 'removes').filter({ hasText: 'older than 30 days is removed' }).waitFor()
  await save(boss)
  await state(boss, 'holds on all servers')
  await ann.locator('#topic', { hasText: 'what goes with it' }).waitFor()
  await look(ann)
  await part(ann, 'topic').filter({ hasText: 'Tea, and' }).waitFor()
  assert.match(await part(ann, 'facts').innerText(), /everybody[\s\S]*10 seconds[\s\S]*30 days[\s\S]*boss/)
  await part(ann, 'people').locator('li', { hasText: 'boss' }).filter({ hasText: 'here' }).waitFor()
  assert.equal(await part(ann, 'change').isHidden(), true)
  await picture(ann, 'room-member')
  const { body } = await couch('GET', '/chat/davenport-room~tearoom')
  assert.deepEqual([body.topic, body.slow_s, body.retention_days, body.by], ['Tea, and what goes with it', 10, 30, 'boss'])
  // What is taken away is gone: at the other node too, and after a new connection.
  await edit(boss)
  await boss.fill('#about [name=topic]', ''); await boss.fill('#about [name=slow]', ''); await boss.fill('#about [name=days]', '')
  await save(boss)
  await state(boss, 'holds on all servers')
  await until('the topic is gone', () => ann.locator('#topic').isHidden())
  await part(ann, 'topic').filter({ hasText: 'no topic' }).waitFor()
  for (const page of [boss, ann]) await page.context().close()
})

test('a room for its members: the other is told why, the members are listed, and who only reads is refused', async () => {
  const boss = await openAs(here.url, 'boss', 'crew'), ann = await openAs(there.url, 'ann', 'crew'), mallory = await openAs(there.url, 'mallory', 'crew')
  await say(mallory, 'psst'); await sees(boss, 'psst')
  await edit(boss)
  await boss.check('#about [name=readers][value=some]')
  await boss.check('#about [name=writers][value=some]')
  await save(boss)
  await boss.locator('#about [data-problem=readersNames]', { hasText: 'Say who' }).waitFor()
  assert.equal(await boss.getAttribute('#about [name=readersNames]', 'aria-invalid'), 'true')
  assert.equal(await boss.evaluate(() => document.activeElement.name), 'readersNames')
  await boss.fill('#about [name=readersNames]', 'ann\ncarol')
  await boss.fill('#about [name=readersRoles]', 'staff')
  await boss.fill('#about [name=writersNames]', 'carol')
  await save(boss)
  await state(boss, 'holds on all servers')
  await banner(mallory, 'for its members')
  await look(mallory)
  await part(mallory, 'out').filter({ hasText: 'for its members' }).waitFor()
  assert.equal(await mallory.locator('#about li').count(), 0)
  await look(ann)
  for (const [name, may] of [['ann', 'reads'], ['carol', 'reads and writes'], ['role staff', 'reads']]) await part(ann, 'people').locator('li', { hasText: name }).filter({ hasText: may }).waitFor()
  await close(ann)
  await say(ann, 'may I?')
  await row(ann, 'may I?').filter({ hasText: 'only some may write' }).waitFor()
  for (const page of [boss, ann, mallory]) await page.context().close()
})

test('with the store away a change holds here and says that it waits; it arrives after, also over a reload', async () => {
  const boss = await openAs(here.url, 'boss', 'outage'), ann = await openAs(there.url, 'ann', 'outage')
  await say(ann, 'before'); await stored(ann, 'before'); await sees(boss, 'before')
  await away(true)
  await banner(boss, 'are apart')
  await edit(boss)
  await boss.fill('#about [name=topic]', 'We sit in the dark')
  await save(boss)
  await state(boss, 'waits for the other servers')
  await picture(boss, 'room-waits')
  await close(boss)
  assert.match(await boss.locator('#topic').evaluate((one) => getComputedStyle(one, '::after').content), /not on the other servers yet/)
  await boss.reload()
  await boss.locator('#topic', { hasText: 'in the dark' }).waitFor()
  await look(boss)
  await state(boss, 'waits for the other servers')
  assert.equal(await ann.locator('#topic').isHidden(), true)
  await away(false)
  await state(boss, 'holds on all servers')
  await ann.locator('#topic', { hasText: 'in the dark' }).waitFor()
  await close(boss)
  assert.equal(await boss.getAttribute('#topic', 'data-note'), '')
  for (const page of [boss, ann]) await page.context().close()
})

test('what cannot be is said at its field; two at once see of one another', async () => {
  const boss = await openAs(here.url, 'boss', 'fields')
  await edit(boss)
  await boss.fill('#about [name=topic]', 'é'.repeat(501)); await boss.fill('#about [name=slow]', '1.5'); await boss.fill('#about [name=days]', '40000')
  await save(boss)
  for (const [field, text] of [['topic', 'too long by 2 bytes'], ['slow', 'whole number of seconds'], ['days', 'whole number of days']])
    await boss.locator(`#about [data-problem=${field}]`, { hasText: text }).waitFor()
  await picture(boss, 'room-problems')
  await noFault(boss, 'problems')
  await boss.fill('#about [name=topic]', 'é'.repeat(500))
  assert.equal(await boss.locator('#about [data-problem=topic]').isHidden(), true)
  await boss.fill('#about [name=slow]', ''); await boss.fill('#about [name=days]', '')
  assert.equal((await couch('PUT', '/chat/davenport-room~fields', { what: 'room', topic: 'by hand', by: 'ann' })).status, 201)
  await part(boss, 'other').filter({ hasText: 'ann has changed this room' }).waitFor()
  await part(boss, 'reload').click()
  assert.equal(await boss.inputValue('#about [name=topic]'), 'by hand')
  await boss.keyboard.press('Escape')
  assert.equal(await boss.isVisible('#about'), true)
  await boss.keyboard.press('Escape')
  await until('the dialog is closed', () => boss.isHidden('#about'))
  assert.equal(await boss.evaluate(() => document.activeElement.id), 'about-open')
  await boss.context().close()
})

test('who is a moderator no more is told so, and keeps what was typed', async () => {
  const chief = await openAs(here.url, 'chief', 'yesterday')
  await until('one may change it', async () => { await look(chief); return part(chief, 'change').isVisible() }, 60_000)
  await edit(chief)
  await chief.fill('#about [name=topic]', 'mine')
  const account = (await couch('GET', '/_users/org.couchdb.user:chief')).body
  assert.equal((await couch('PUT', '/_users/org.couchdb.user:chief', { ...account, roles: [] })).status, 201)
  const set = () => chief.evaluate(() => fetch('api/rooms/elsewhere', { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: '{}' }).then(({ status }) => status))
  await until('the node has heard of it', async () => { await pause(500); return await set() === 403 }, 90_000)
  await save(chief)
  await part(chief, 'alert').filter({ hasText: 'only moderators' }).waitFor({ timeout: 15_000 })
  assert.equal(await chief.inputValue('#about [name=topic]'), 'mine')
  await chief.context().close()
})

for (const [what, viewport] of [['phone', { width: 360, height: 640 }], ['desktop', { width: 1280, height: 800 }]])
  test(`on a ${what} it fits, by the keyboard alone too, and axe finds nothing`, async () => {
    const boss = await openAs(here.url, 'boss', 'crew', { viewport, hasTouch: what === 'phone' })
    await boss.locator('#topic').waitFor({ state: 'attached' })
    await boss.focus('#about-open')
    await boss.keyboard.press('Enter')
    await boss.locator('#about').waitFor()
    await until('one may change it', () => part(boss, 'change').isVisible(), 60_000)
    await picture(boss, `room-${what}`)
    await noFault(boss, 'seen')
    await part(boss, 'change').focus()
    await boss.keyboard.press('Enter')
    assert.equal(await boss.evaluate(() => document.activeElement.name), 'topic')
    await boss.keyboard.type('By the keyboard')
    await picture(boss, `room-${what}-form`)
    await noFault(boss, 'form')
    const wide = await boss.evaluate(() => [...document.querySelectorAll('#about, #about *')].filter((one) => one.checkVisibility() && (one.getBoundingClientRect().right > innerWidth + 1 || one.getBoundingClientRect().left < -1)).map((one) => one.outerHTML.slice(0, 100)))
    assert.deepEqual(wide, [])
    assert.equal(await boss.evaluate(() => document.querySelector('#about form').scrollWidth > document.querySelector('#about form').clientWidth), false)
    await boss.focus('#about [name=days]')
    await boss.keyboard.press('Enter')
    await state(boss, 'holds on all servers')
    await boss.context().close()
  })

test('without a WebSocket a room is set and seen, too', async () => {
  const way = await proxy(here.port, { websocket: 'refuse' })
  const boss = await openAs(way.url.replace(/\/$/, ''), 'boss', 'hedge'), ann = await openAs(there.url, 'ann', 'hedge')
  await until('one may change it', async () => { await look(boss); return part(boss, 'change').isVisible() }, 30_000)
  await edit(boss)
  await boss.fill('#about [name=topic]', 'Behind the hedge')
  await save(boss)
  await state(boss, 'holds on all servers')
  await ann.locator('#topic', { hasText: 'Behind the hedge' }).waitFor()
  await boss.locator('#topic', { hasText: 'Behind the hedge' }).waitFor()
  for (const page of [boss, ann]) await page.context().close()
  way.end()
})

test('what is older than its room keeps is removed by the nodes, and is in no file of theirs', async () => {
  const old = new Date(Date.now() - 40 * 86_400_000).toISOString()
  const letters = (i) => Array.from({ length: 26 }, (_, at) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Number((((BigInt(Date.parse(old)) << 80n) | BigInt(i)) >> BigInt(125 - 5 * at)) & 31n)]).join('')
  const docs = ['nobody reads this phrase again', 'nor that one'].map((msg, i) => ({ _id: `attic:${letters(i)}`, msg, user: 'ann', datetime: old }))
  assert.equal((await couch('POST', '/chat/_bulk_docs', { docs })).status, 201)
  assert.equal((await couch('PUT', '/chat/davenport-room~attic', { what: 'room', retention_days: 30 })).status, 201)
  const first = await node('n3')
  const inFiles = () => readdirSync(folder).filter((name) => name.startsWith('n3')).some((name) => readFileSync(join(folder, name)).includes('nobody reads this phrase'))
  // A node that has just started may not have heard from the store yet.
  const session = await until('ann is signed in', async () => {
    const answer = await fetch(`${first.url}/api/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'ann', password: 'tea' }) })
    return answer.ok && answer
  })
  const cookie = session.headers.get('Set-Cookie').split(';')[0]
  const told = async (url) => (await (await fetch(`${url}/api/rooms/attic/messages`, { headers: { Cookie: cookie } })).json()).messages ?? []
  await until('the node has them', async () => (await told(first.url)).length === 2)
  await until('they are on its disk', inFiles)
  await first.end()
  const second = await node('n3')  // it knew the setting before: that counts at once
  await until('they are removed', async () => { const all = await told(second.url); return all.length === 2 && all.every((one) => one.removed_by === 'retention' && one.text === '') }, 30_000)
  const ann = await openAs(there.url, 'ann', 'attic')
  await ann.locator('#log .fate', { hasText: 'No longer kept' }).first().waitFor({ timeout: 15_000 })
  await picture(ann, 'room-attic')
  await ann.context().close()
  await until('the store has the removals', async () => (await couch('GET', `/chat/${encodeURIComponent(docs[0]._id)}`)).body.msg === '')
  await second.end()
  assert.equal(inFiles(), false)
})

test('(and no page had any trouble)', () => assert.deepEqual(troubles.filter((one) => !one.includes('status of 403')), []))  // a browser tells of what is refused

await run(async () => { await browser.close(); await end() })
