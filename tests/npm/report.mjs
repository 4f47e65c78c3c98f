// The report page of a run that passed and of one that failed, opened from disk in a browser without a network; the files for machines, read
// by somebody else's parsers.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Ajv from 'ajv/dist/2020.js'
import { chromium } from 'playwright-core'
import { browserOptions } from './lib/browser.mjs'
import { folder, programs, run, test } from './lib/programs.mjs'

const source = process.env.DAVENPORT_SOURCE ?? new URL('../..', import.meta.url).pathname
const bad = join(folder, 'bad.yaml')
writeFileSync(bad, readFileSync(join(source, 'scenarios/store-outage.yaml'), 'utf8').replace(/^expect:\n/m, 'expect:\n  - p99(delivery) < 10ms\n'))
for (const [file, code] of [[join(source, 'scenarios/store-outage.yaml'), 0], [bad, 1]]) {
  const ended = spawnSync(join(programs, 'chatsim'), ['run', file, '--out', folder], { encoding: 'utf8' })
  assert.equal(ended.status, code, ended.stdout + ended.stderr)
}
const good = join(folder, 'store-outage-virtual'), failing = join(folder, 'bad-virtual')
const browser = await chromium.launch(browserOptions)

async function open(dir, size, colorScheme = 'light') {
  const context = await browser.newContext({ viewport: size, colorScheme, offline: true })
  const page = await context.newPage()
  const troubles = []
  page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()))
  page.on('pageerror', (error) => troubles.push(String(error)))
  page.on('request', (request) => /^(file|data|blob):/.test(request.url()) || troubles.push(request.url()))
  await page.goto(pathToFileURL(join(dir, 'report.html')).href)
  await page.waitForSelector('canvas')
  return { page, troubles, close: () => context.close() }
}

for (const [name, size] of [['a phone', { width: 390, height: 844 }], ['a desktop', { width: 1280, height: 800 }]]) {
  for (const scheme of ['light', 'dark']) {
    test(`on ${name}, ${scheme}, the page says its verdict first, asks nobody for anything, and fits`, async () => {
      for (const [dir, word] of [[good, 'pass'], [failing, 'fail']]) {
        const { page, troubles, close } = await open(dir, size, scheme)
        assert.match((await page.locator('.banner .word').innerText()).toLowerCase(), new RegExp(word))
        assert.ok((await page.locator('.banner').boundingBox()).y < 200)
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, 'it overflows sideways')
        const text = (await page.locator('main').innerText()).toLowerCase()
        for (const part of ['latency over time', 'by phase', 'axis of nines', 'rates', 'lifelines', 'messages that wait for the store', 'feed lag', 'requests to the store, by status', 'node to node', 'one message', 'replay', 'outage', 'seed'])
          assert.ok(text.includes(part), `nothing of '${part}'`)
        assert.deepEqual(troubles, [])
        await close()
      }
    })
  }
}

test('a failing run names the scenario line whose expectation did not hold', async () => {
  const { page, close } = await open(failing, { width: 1280, height: 800 })
  assert.match(await page.locator('main').innerText(), /p99\(delivery\) < 10ms/)
  assert.match(readFileSync(join(failing, 'annotations.txt'), 'utf8'), /bad\.yaml:\d+:\d+: error: p99\(delivery\) < 10ms: /)
  await close()
})

test('the tiles show the figure that failed', async () => {
  const { page, close } = await open(failing, { width: 1280, height: 800 })
  assert.match(await page.locator('.banner .tiles').innerText(), /p99\(delivery\) < 10ms/)
  await close()
})

test('a swatch of a legend is filled with the colour of its line', async () => {
  const { page, close } = await open(good, { width: 1280, height: 800 })
  const fill = await page.locator('.u-legend .u-marker').nth(1).evaluate((mark) => getComputedStyle(mark).backgroundColor)
  assert.notEqual(fill, 'rgba(0, 0, 0, 0)')
  await close()
})

test('every button answers to the keyboard, and none breaks the page', async () => {
  const { page, troubles, close } = await open(good, { width: 1280, height: 800 })
  const buttons = await page.locator('button:visible').all()
  assert.ok(buttons.length > 3)
  for (const button of buttons) {
    if (!(await button.isVisible())) continue
    await button.focus()
    await page.keyboard.press('Enter')
  }
  assert.deepEqual(troubles, [])
  await close()
})

test('results.json is what its schema says, and junit.xml what a parser of XML reads', async () => {
  const judge = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(join(source, 'reports/results.schema.json'), 'utf8')))
  for (const dir of [good, failing]) assert.ok(judge(JSON.parse(readFileSync(join(dir, 'results.json'), 'utf8'))), JSON.stringify(judge.errors))
  const { page, close } = await open(good, { width: 800, height: 600 })
  const counts = await page.evaluate((xml) => {
    const read = new DOMParser().parseFromString(xml, 'application/xml')
    const suite = read.querySelector('testsuite')
    return { error: read.querySelector('parsererror')?.textContent, tests: Number(suite.getAttribute('tests')), failures: Number(suite.getAttribute('failures')),
      cases: read.querySelectorAll('testcase').length, failed: read.querySelectorAll('testcase > failure').length }
  }, readFileSync(join(failing, 'junit.xml'), 'utf8'))
  await close()
  assert.equal(counts.error, undefined)
  assert.equal(counts.tests, counts.cases)
  assert.equal(counts.failures, 1)
  assert.equal(counts.failed, 1)
})

test('the page stays small', async () => {
  assert.ok(statSync(join(good, 'report.html')).size < 400_000)
})

await run(() => browser.close())
