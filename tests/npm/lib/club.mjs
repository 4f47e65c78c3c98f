// A chat in which people sign in: one node, a store of its own, and the accounts zoe and bob.
import { join } from 'node:path'
import { folder, start } from './programs.mjs'

export async function club(name, people = { zoe: 'open sesame', bob: 'open barley' }) {
  const store = await start('couchmock', ['--admin', 'admin:secret', '--log-level', 'error'])
  const node = await start('chatnode', ['--store', `${store.url.replace('//', '//admin:secret@')}/chat`, '--auth', 'couchdb', '--journal', join(folder, name), '--log-level', 'error'])
  const asAdmin = { Authorization: `Basic ${btoa('admin:secret')}` }
  await fetch(`${store.url}/_users`, { method: 'PUT', headers: asAdmin })
  for (const [user, password] of Object.entries(people))
    await fetch(`${store.url}/_users/org.couchdb.user:${user}`, { method: 'PUT', headers: asAdmin, body: JSON.stringify({ name: user, password, roles: [], type: 'user' }) })
  return { node, end: async () => { await node.end(); await store.end() } }
}
