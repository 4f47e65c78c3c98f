// The page's modules in Node.js: a copy in a folder that says they are modules, since the page itself says nothing of the kind.
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder } from './programs.mjs'

export const pageSource = new URL('../../../node/page', import.meta.url).pathname

export function pageModule(name) {
  const copy = join(folder, 'page')
  cpSync(pageSource, copy, { recursive: true })
  writeFileSync(join(copy, 'package.json'), '{"type": "module"}')
  return import(join(copy, name))
}
