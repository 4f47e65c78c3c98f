// A chat with moderators: a store that can go away, two nodes, and accounts whose password is tea.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, start, until } from './programs.mjs'

/// `moderators` and `others` are names; `node` starts one more node, which its caller ends. `open` is the one of pages(): it opens a page in a browser.
export async function moderated({ moderators, others }, open) {
  const controlFile = join(folder, 'control')
  const store = await start('couchmock', ['--admin', 'admin:secret', '--control', '127.0.0.1:0', '--control-port-file', controlFile, '--log-level', 'error'])
  const control = `http://127.0.0.1:${await until('the control port', () => { try { return readFileSync(controlFile, 'utf8').trim() } catch { return '' } })}/_mock/faults`
  const asAdmin = { Authorization: `Basic ${btoa('admin:secret')}`, 'Content-Type': 'application/json' }
  const couch = async (method, path, body) => {
    const answer = await fetch(store.url + path, { method, headers: asAdmin, body: body && JSON.stringify(body) })
    return { status: answer.status, body: await answer.json() }
  }
  const accounts = [...moderators.map((name) => [name, ['davenport-moderator']]), ...others.map((name) => [name, []])]
  for (const [name, roles] of accounts)
    assert.equal((await couch('PUT', `/_users/org.couchdb.user:${name}`, { name, password: 'tea', roles, type: 'user' })).status, 201)
  const node = (name) => start('chatnode', ['--store', `${store.url.replace('//', '//admin:secret@')}/chat`, '--auth', 'couchdb', '--posts-per-second', '0', '--name', name, '--journal', join(folder, name), '--log-level', 'error'])
  const here = await node('n1')
  const there = await node('n2')
  /// The store goes, or is there again.
  const away = async (is) => {
    const answer = is ? await fetch(control, { method: 'POST', headers: asAdmin, body: JSON.stringify({ name: 'away', fault: 'store.down' }) }) : await fetch(`${control}/away`, { method: 'DELETE', headers: asAdmin })
    assert.ok(answer.ok, await answer.text())
  }
  async function openAs(url, name, room, options = {}) {
    const page = await open(url, '', { room, ...options })
    await page.locator('#sign-in').waitFor()
    await page.fill('#sign-in [name=name]', name)
    await page.fill('#sign-in [name=password]', 'tea')
    await page.press('#sign-in [name=password]', 'Enter')
    await page.locator('#sign-in').waitFor({ state: 'hidden' })
    return page
  }
  const end = async () => { await here.end(); await there.end(); await store.end() }
  return { couch, away, node, here, there, openAs, end }
}
