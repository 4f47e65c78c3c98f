// What a test does with a page of the chat: opens it as somebody, says things, waits for what is shown.
import { until } from './programs.mjs'

const quiet = /ERR_(CONNECTION|EMPTY|INTERNET|INCOMPLETE|FAILED)|WebSocket|status of 50[234]/

/// Pages of one browser. What they complain of is kept in `troubles`, which a test's last line looks at.
export function pages(browser) {
  const troubles = []

  function watch(page, name) {
    page.on('pageerror', (error) => troubles.push(`${name}: ${error}`))
    page.on('console', (message) => message.type() === 'error' && !quiet.test(message.text()) && troubles.push(`${name}: ${message.text()}`))
    return page
  }

  /// A page in a browser of its own (or in `context`), whose person has the name `name`, or none yet.
  async function open(url, name, { room = 'tearoom', context, init, ...options } = {}) {
    const within = context ?? await browser.newContext({ viewport: { width: 1000, height: 700 }, ...options })
    const page = watch(await within.newPage(), name)
    if (init) await page.addInitScript(init)
    await page.goto(`${url}/#${room}`)
    if (name && !context) await introduce(page, name)
    return page
  }

  return { open, watch, troubles }
}

/// Says who one is: on the card of the first visit, or at the side.
export async function introduce(page, name) {
  await page.locator('#first, #me').filter({ visible: true }).waitFor()
  const field = await page.isVisible('#first') ? '#first-name' : '#name'
  await page.fill(field, name)
  await page.press(field, 'Enter')
}

export const say = async (page, text) => { await page.fill('#text', text); await page.press('#text', 'Enter') }
export const row = (page, text) => page.locator('#log li', { hasText: text })
export const sees = (page, text, timeout = 8000) => row(page, text).first().waitFor({ timeout })
export const stored = (page, text, timeout = 8000) => page.locator('#log li[data-state=stored]', { hasText: text }).waitFor({ timeout })
export const texts = (page) => page.$$eval('#log .text', (all) => all.map((one) => one.textContent))
export const goTo = async (page, room) => {
  await page.evaluate((name) => { location.hash = name }, room)
  await page.locator('#room', { hasText: room }).waitFor()
}
export const connected = (page) => until('the page to be connected', async () => (await page.textContent('#link')) === '' && (await page.textContent('#where')) !== '')
export const pause = (ms) => new Promise((wake) => setTimeout(wake, ms))
/// Where a program says something, not by way of a page.
export async function post(url, room, text, user = 'ann') {
  const answer = await fetch(`${url}/api/rooms/${room}/messages`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ user, text }) })
  if (!answer.ok) throw new Error(`POST: ${answer.status}`)
  return answer.json()
}
