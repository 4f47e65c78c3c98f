// What a person does with what he said: changes it, takes it away, thinks better of it; with the store away and without a WebSocket too.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { launch } from './lib/browser.mjs'
import { connected, pages, post, row, say, sees, stored, texts } from './lib/page.mjs'
import { folder, run, start, test, until } from './lib/programs.mjs'
import { proxy } from './lib/proxy.mjs'

const controlFile = join(folder, 'control')
const store = await start('couchmock', ['--control', '127.0.0.1:0', '--control-port-file', controlFile, '--log-level', 'error'])
const control = `http://127.0.0.1:${await until('the control port', () => { try { return readFileSync(controlFile, 'utf8').trim() } catch { return '' } })}/_mock/faults`
const node = (name) => start('chatnode', ['--posts-per-second', '0', '--store', `${store.url}/chat`, '--name', name, '--journal', join(folder, name), '--log-level', 'error'])
const here = await node('n1')
const there = await node('n2')
const browser = await launch()
const { open, troubles } = pages(browser)

const documents = async (room) => {
  const { rows } = await (await fetch(`${store.url}/chat/_all_docs?include_docs=true`)).json()
  return rows.map(({ doc }) => doc).filter(({ _id }) => _id.startsWith(`${room}:`))
}
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
const removed = (page, by) => page.locator('#log .fate', { hasText: `Removed by ${by}` })

test('arrow up in an empty line changes what one said last; everybody sees it so, and that it was changed', async () => {
  const ann = await open(here.url, 'ann', { room: 'edits' })
  const bob = await open(there.url, 'bob', { room: 'edits' })
  await say(ann, 'helo world'); await stored(ann, 'helo world'); await sees(bob, 'helo world')
  await ann.press('#text', 'ArrowUp')
  assert.equal(await ann.inputValue('#text'), 'helo world')
  await ann.locator('#editing', { hasText: 'You are changing a message' }).waitFor()
  await ann.fill('#text', 'hello world'); await ann.press('#text', 'Enter')
  for (const page of [ann, bob]) {
    await sees(page, 'hello world')
    const fate = page.locator('#log .fate', { hasText: 'edited' })
    await fate.waitFor()
    assert.match(await fate.getAttribute('title'), /\d{4}/)
    assert.deepEqual(await texts(page), ['hello world'])
  }
  assert.equal(await ann.inputValue('#text'), '')
  assert.equal(await ann.locator('#editing').isHidden(), true)
  await until('the document', async () => (await documents('edits'))[0].msg === 'hello world')
  await ann.reload()
  await sees(ann, 'hello world')
  await choose(ann, 'hello world', 'Edit')  // after a reload too
  await ann.fill('#text', 'hello, world'); await ann.press('#text', 'Enter')
  await sees(bob, 'hello, world')
  await ann.context().close(); await bob.context().close()
})

test('Escape leaves the message as it is, and brings the draft back', async () => {
  const ann = await open(here.url, 'ann', { room: 'drafts' })
  await say(ann, 'said'); await stored(ann, 'said')
  await ann.fill('#text', 'a draft')
  await choose(ann, 'said', 'Edit')
  await ann.fill('#text', 'something else')
  await ann.press('#text', 'Escape')
  assert.equal(await ann.inputValue('#text'), 'a draft')
  assert.deepEqual(await texts(ann), ['said'])
  await ann.context().close()
})

test('what one removes is gone everywhere after a moment in which it can be undone', async () => {
  const ann = await open(here.url, 'ann', { room: 'removals' })
  const bob = await open(there.url, 'bob', { room: 'removals' })
  for (const text of ['keep this', 'hunter2']) { await say(ann, text); await stored(ann, text); await sees(bob, text) }
  await choose(ann, 'keep this', 'Remove')
  await ann.locator('#log .fate', { hasText: 'Being removed' }).waitFor()
  assert.deepEqual(await texts(ann), ['hunter2'])
  await ann.locator('.fate button', { hasText: 'Undo' }).click()
  await sees(ann, 'keep this')
  await choose(ann, 'hunter2', 'Remove')
  assert.deepEqual(await texts(bob), ['keep this', 'hunter2'])
  for (const page of [ann, bob]) {
    await removed(page, 'ann').waitFor({ timeout: 12_000 })
    assert.deepEqual(await texts(page), ['keep this'])
    assert.match(await removed(page, 'ann').getAttribute('title'), /\d{4}/)
    assert.deepEqual(await offers(page, 'Removed by'), ['Copy link'])
  }
  await until('the document', async () => (await documents('removals')).every(({ msg }) => msg !== 'hunter2'))
  await ann.context().close(); await bob.context().close()
})

test('who closes the page at once has removed it all the same', async () => {
  const ann = await open(here.url, 'ann', { room: 'hurry' })
  await say(ann, 'hunter2'); await stored(ann, 'hunter2')
  await choose(ann, 'hunter2', 'Remove')
  await ann.goto('about:blank')
  await until('the document', async () => (await documents('hurry'))[0].msg === '', 4000)
  await ann.context().close()
})

test('others\' messages can be neither changed nor removed, whatever one is called', async () => {
  await post(here.url, 'others', 'by another ann', 'ann')
  const bob = await open(there.url, 'bob', { room: 'others' })
  await sees(bob, 'by another ann')
  assert.deepEqual(await offers(bob, 'by another ann'), ['Reply', 'Copy text', 'Copy link'])
  const ann = await open(here.url, 'ann', { room: 'others' })
  await sees(ann, 'by another ann')
  await choose(ann, 'by another ann', 'Edit')
  await ann.fill('#text', 'mine now'); await ann.press('#text', 'Enter')
  await ann.locator('#problem', { hasText: 'The message stays as it is: only its author may edit a message.' }).waitFor()
  assert.deepEqual(await texts(ann), ['by another ann'])
  await ann.context().close(); await bob.context().close()
})

test('with the store away one changes and removes as ever; the other node follows when it is back', async () => {
  const ann = await open(here.url, 'ann', { room: 'outage' })
  const near = await open(here.url, 'cid', { room: 'outage' })
  const far = await open(there.url, 'bob', { room: 'outage' })
  for (const text of ['one', 'two']) { await say(ann, text); await sees(far, text) }
  await fetch(control, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'outage', fault: 'store.down' }) })
  await ann.locator('#banner', { hasText: 'servers of this chat are apart' }).waitFor({ timeout: 10_000 })
  await choose(ann, 'one', 'Edit')
  await ann.fill('#text', 'first'); await ann.press('#text', 'Enter')
  await choose(ann, 'two', 'Remove')
  await sees(near, 'first')
  await removed(near, 'ann').waitFor({ timeout: 12_000 })
  assert.deepEqual(await texts(near), ['first'])
  assert.deepEqual(await texts(ann), ['first'])
  assert.equal(await ann.locator('#problem').isHidden(), true)
  assert.deepEqual(await texts(far), ['one', 'two'])
  await fetch(`${control}/outage`, { method: 'DELETE' })
  await sees(far, 'first', 20_000)
  await removed(far, 'ann').waitFor()
  assert.deepEqual(await texts(far), ['first'])
  for (const page of [ann, near, far]) await page.context().close()
})

test('with the node away the change waits in the page, over a reload', async () => {
  const way = await proxy(here.port)
  const ann = await open(way.url.replace(/\/$/, ''), 'ann', { room: 'waits' })
  await say(ann, 'helo'); await stored(ann, 'helo')
  way.rules.frozen = true
  await ann.press('#text', 'ArrowUp')
  await ann.fill('#text', 'hello'); await ann.press('#text', 'Enter')
  await ann.locator('#log .fate', { hasText: 'being changed' }).waitFor()
  assert.deepEqual(await texts(ann), ['hello'])
  assert.equal((await documents('waits'))[0].msg, 'helo')
  way.rules.frozen = false
  await ann.reload()
  await until('the document', async () => (await documents('waits'))[0].msg === 'hello', 20_000)
  await ann.locator('#log .fate', { hasText: 'edited' }).waitFor()
  await ann.context().close(); way.end()
})

test('without a WebSocket one changes and removes too', async () => {
  const way = await proxy(here.port, { websocket: 'refuse' })
  const ann = await open(way.url.replace(/\/$/, ''), 'ann', { room: 'plain' })
  await until('the other way', async () => (await ann.textContent('#link')) === 'slower', 30_000)
  const bob = await open(there.url, 'bob', { room: 'plain' })
  await connected(bob)
  for (const text of ['one', 'two']) { await say(ann, text); await sees(bob, text) }
  await choose(ann, 'one', 'Edit')
  await ann.fill('#text', 'first'); await ann.press('#text', 'Enter')
  await sees(bob, 'first')
  await ann.locator('#log .fate', { hasText: 'edited' }).waitFor()
  await choose(ann, 'two', 'Remove')
  for (const page of [ann, bob]) await removed(page, 'ann').waitFor({ timeout: 12_000 })
  await ann.context().close(); await bob.context().close(); way.end()
})

test('in German, too', async () => {
  const ann = await open(here.url, 'ann', { room: 'deutsch', locale: 'de-DE' })
  await say(ann, 'Halo'); await stored(ann, 'Halo')
  await choose(ann, 'Halo', 'Ändern')
  await ann.fill('#text', 'Hallo'); await ann.press('#text', 'Enter')
  await ann.locator('#log .fate', { hasText: 'geändert' }).waitFor()
  await choose(ann, 'Hallo', 'Entfernen')
  await ann.locator('#log .fate', { hasText: 'Entfernt von ann' }).waitFor({ timeout: 12_000 })
  await ann.context().close()
})

test('(and nothing was complained of)', () => assert.deepEqual(troubles, []))

await run(() => browser.close())
