// The pictures of README.md, from the real page and a real report: node pictures.mjs [FOLDER], as `./dev pictures` calls it.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { launch } from './lib/browser.mjs'
import { connected, introduce, pages, say, sees, stored } from './lib/page.mjs'
import { folder, programs, run, start, test } from './lib/programs.mjs'

const source = process.env.DAVENPORT_SOURCE ?? new URL('../..', import.meta.url).pathname
const into = process.argv[2] ?? join(source, 'reports/pictures')
const browser = await launch()
const { open } = pages(browser)
const look = { viewport: { width: 1200, height: 640 }, locale: 'en-GB', colorScheme: 'light' }

test('the page', async () => {
  const store = await start('couchmock', ['--log-level', 'error'])
  const node = (name) => start('chatnode', ['--store', `${store.url}/chat`, '--name', name, '--journal', join(folder, name), '--log-level', 'error'])
  const oslo = await node('oslo'), lima = await node('lima')
  const people = {}
  for (const [name, where] of [['bob', lima], ['carol', lima], ['ann', oslo]]) {
    people[name] = await open(where.url, '', { room: 'lobby', ...look })
    await introduce(people[name], name)
    await connected(people[name])
  }
  for (const [who, text] of [['bob', 'Morning! I am at the node in Lima today.'], ['ann', 'And I am in Oslo. Do you see this?'],
    ['bob', '> Do you see this?\nAt once. What happens when the store goes?'], ['ann', 'We go on here, you go on there, and it all comes together when it is back.'],
    ['carol', 'I was on a train, with `--store` out of reach: **what did I miss?**'], ['bob', 'Nothing, @ann kept it all: scroll up, once and in order.'], ['ann', 'Welcome back, carol.']]) {
    const words = text.split(/[\n`*]/).at(-1) || 'what did I miss?'
    await say(people[who], text)
    for (const page of Object.values(people)) await sees(page, words)
  }
  await stored(people.ann, 'Welcome back')
  await people.ann.evaluate(() => { location.hash = 'garden' })
  await people.ann.locator('#room', { hasText: 'garden' }).waitFor()
  await people.ann.evaluate(() => { location.hash = 'lobby' })
  await sees(people.ann, 'Welcome back')
  await people.bob.evaluate(() => { location.hash = 'garden' })
  await people.bob.locator('#room', { hasText: 'garden' }).waitFor()
  await say(people.bob, 'The roses are out.')
  await people.ann.locator('.unread').waitFor()
  await people.ann.locator('#present', { hasText: 'ann, bob, carol' }).waitFor({ timeout: 60_000 })
  await people.ann.mouse.move(5, 5)
  await people.ann.screenshot({ path: join(into, 'page.png') })
})

test('the report', async () => {
  execFileSync(join(programs, 'chatsim'), ['run', join(source, 'scenarios/store-outage.yaml'), '--out', join(folder, 'out')], { stdio: 'ignore' })
  const [made] = readdirSync(join(folder, 'out'), { recursive: true }).filter((name) => name.endsWith('report.html'))
  const page = await (await browser.newContext({ ...look, viewport: { width: 1200, height: 1435 } })).newPage()
  await page.goto(`file://${join(folder, 'out', made)}`)
  await page.screenshot({ path: join(into, 'report.png') })
})

await run(() => browser.close())
