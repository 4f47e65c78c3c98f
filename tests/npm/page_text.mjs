// How the page reads what people write: against CommonMark's own examples where it follows CommonMark, and where it does not, the difference.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pageModule, pageSource } from './lib/modules.mjs'
import { run, test } from './lib/programs.mjs'

const { parse, isPlain } = await pageModule('markup.js')
const { tests: examples } = createRequire(import.meta.url)('commonmark-spec')

// ---- CommonMark

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
const inline = ({ type, text, inlines, href }) => ({
  text: () => escape(text), link: () => escape(text), code: () => `<code>${escape(text)}</code>`,
  strong: () => `<strong>${inlines.map(inline).join('')}</strong>`, em: () => `<em>${inlines.map(inline).join('')}</em>`,
}[type]())
const paragraphs = (html) => html.split(/\n[ \t]*\n\s*/).map((one) => `<p>${one.trim()}</p>\n`).join('')
const block = ({ type, text, info, inlines, blocks }) => ({
  text: () => paragraphs(inlines.map(inline).join('')),
  code: () => `<pre><code${info ? ` class="language-${info.split(/\s/)[0]}"` : ''}>${escape(text)}${text ? '\n' : ''}</code></pre>\n`,
  quote: () => `<blockquote>\n${blocks.map(block).join('')}</blockquote>\n`,
}[type]())
/// As CommonMark's examples write it: lines without blanks around them.
const html = (markdown) => parse(markdown.replace(/\n$/, '')).map(block).join('').replace(/ *\n */g, '\n')
const tidy = (text) => text.replace(/ *\n */g, '\n')

const sections = ['Paragraphs', 'Soft line breaks', 'Textual content', 'Code spans', 'Emphasis and strong emphasis', 'Fenced code blocks', 'Block quotes']
/// Examples whose answer is another, by what they are about.
const others = {
  'headings, rules, lists, code by indentation and hard breaks are not read': [134, 141, 225, 226, 228, 229, 230, 231, 232, 234, 235, 236, 238, 246, 252],
  'HTML and links in brackets are not read': [344, 346, 404, 419, 422, 433, 473, 474, 475, 476, 477, 480, 481],
  'a quote ends with its line': [233, 247, 250, 251],
  'an asterisk within a word is an asterisk': [355, 356, 370, 429],
  'a backslash before _ is shown': [449, 452],
}
const otherNumbers = new Set(Object.values(others).flat())

test('CommonMark\'s examples of what the page reads give what CommonMark gives', () => {
  let count = 0
  for (const { section, markdown, html: wanted, number } of examples) {
    if (!sections.includes(section) || otherNumbers.has(number)) continue
    assert.equal(html(markdown), tidy(wanted), `example ${number}: ${JSON.stringify(markdown)}`)
    count += 1
  }
  assert.ok(count > 180, `${count} examples`)
})

for (const [what, numbers] of Object.entries(others))
  test(`unlike CommonMark: ${what}`, () => {
    for (const { markdown, html: wanted, number } of examples) if (numbers.includes(number)) assert.notEqual(html(markdown), tidy(wanted), `example ${number} is as CommonMark has it`)
  })

// ---- what people write

for (const [text, wanted] of [
  ['a **bold** word', '<p>a <strong>bold</strong> word</p>\n'],
  ['**https://a.example/b** and *https://a.example/c_d_e*', '<p><strong>https://a.example/b</strong> and <em>https://a.example/c_d_e</em></p>\n'],
  ['snake_case_name and 2*3*4 and a * b * c', '<p>snake_case_name and 2*3*4 and a * b * c</p>\n'],
  ['\u00AF\\_(ツ)_/\u00AF', '<p>\u00AF\\_(ツ)_/\u00AF</p>\n'],
  ['C:\\Users\\ann \\\\server\\share', '<p>C:\\Users\\ann \\\\server\\share</p>\n'],
  ['\\*not italic\\*', '<p>*not italic*</p>\n'],
  ['> quoted\nand answered', '<blockquote>\n<p>quoted</p>\n</blockquote>\n<p>and answered</p>\n'],
  ['look:\n```js\nlet a = "*x*" // <b>\n```\nwell?', '<p>look:</p>\n<pre><code class="language-js">let a = &quot;*x*&quot; // &lt;b&gt;\n</code></pre>\n<p>well?</p>\n'],
  ['`https://a.example` is code', '<p><code>https://a.example</code> is code</p>\n'],
  ['**太い**と*斜め*', '<p><strong>太い</strong>と*斜め*</p>\n'],
]) test(`reads: ${text.replaceAll('\n', '⏎')}`, () => assert.equal(html(text), wanted))

test('what is no markup stays as it was written, blanks and all', () => {
  for (const text of ['  indented\n\n\n   art  ', 'a\tb', '1 < 2 > 0', '~~~', '# no heading', '- no list', '\u202Eturned']) {
    const [{ type, inlines }] = parse(text).length ? parse(text) : [{ type: 'text', inlines: [{ text }] }]
    if (type === 'text') assert.equal(inlines.map((one) => one.text).join(''), text)
  }
})

test('what hardly is a text takes no time', () => {
  for (const text of ['*a '.repeat(4000), '*a*'.repeat(4000), '**a_'.repeat(3000), '`'.repeat(8000), '` '.repeat(6000), '`a``b```'.repeat(1500), '_'.repeat(8000), '>'.repeat(8000), '> \n'.repeat(4000), '```\n'.repeat(3000), '\\*'.repeat(6000), 'a*'.repeat(6000)]) {
    const before = process.cpuUsage()  // of this process: others may be busy
    parse(text)
    const ms = process.cpuUsage(before).user / 1000
    assert.ok(ms < 300, `${text.slice(0, 12)}: ${ms} ms`)
  }
})

test('a plain text is told from one that needs a tree', () => {
  for (const text of ['hello', 'say: hi! 1 + 1 = 2', '見て', 'a\nb']) assert.ok(isPlain(text) && html(text) === paragraphs(escape(text)), text)
  for (const text of ['*a*', '`a`', '> a', 'http://a.example', '~~~', '_a_']) assert.ok(!isPlain(text), text)
})

// ---- who is named

const { names } = await pageModule('mentions.js')
for (const [text, name, is] of [
  ['@ann look', 'ann', true], ['Ann, look', 'ann', true], ['look (@Ann)', 'ann', true], ['planning', 'ann', false], ['annette', 'ann', false], ['mail ann@example.org', 'ann', true],
  ['@annette', 'ann', false], ['x@ann', 'ann', false], ['bo is short', 'bo', false], ['@bo', 'bo', true], ['@Ann Lee, look', 'Ann Lee', true], ['ann_lee', 'ann', false],
  ['李小龍你好', '李小龍', true], ['Яков!', 'яков', true], ['c++ is nice', 'c++', true], ['anything', '', false], ['@a.b*', 'a.b*', true], ['@axb', 'a.b', false],
]) test(`${is ? 'named' : 'not named'}: ${name} in ${text}`, () => assert.equal(names(text, name), is))

// ---- emoji

const { isBig } = await pageModule('emoji.js')
for (const [text, is] of [['👍', true], ['👍👍 🎉', true], ['👩‍👩‍👧‍👦', true], ['🇩🇪', true], ['❤️', true], ['👍🏽', true], ['🏴󠁧󠁢󠁥󠁮󠁧󠁿', true], ['1️⃣', true], ['☃', true],
  ['👍 yes', false], ['42', false], ['#', false], ['©', false], ['↔', false], ['', false], ['👍'.repeat(7), false]])
  test(`${is ? 'big' : 'as it is'}: ${text || 'nothing'}`, () => assert.equal(isBig(text), is))

// ---- colours and initials

const { hueOf, initials } = await pageModule('colours.js')
test('names that are alike have colours that are not', () => {
  for (const all of [Array.from({ length: 360 }, (_, i) => `user${i}`), Array.from({ length: 360 }, (_, i) => `u-${i.toString(36)}`), Array.from({ length: 360 }, (_, i) => String.fromCodePoint(97 + i % 26, 97 + Math.floor(i / 26)))]) {
    const counts = new Map()
    for (const name of all) counts.set(hueOf(name), (counts.get(hueOf(name)) ?? 0) + 1)
    assert.equal(counts.size, 36)
    assert.ok(Math.max(...counts.values()) <= 25, `${Math.max(...counts.values())} of 360 in one of 36 hues`)
  }
})
for (const [name, wanted] of [['ann', 'A'], ['Ann Lee', 'AL'], ['ann_lee', 'AL'], ['李小龍', '李'], ['👩‍👩‍👧‍👦', '👩‍👩‍👧‍👦'], ['🎉 party', 'P'], ['…', '…'], ['x-1', 'X1'], ['ßa', 'SS']])
  test(`initials of ${name}`, () => assert.equal(initials(name), wanted))

// ---- how far one has read

const { Reading } = await pageModule('reading.js')
function reader(kept) {
  const world = { timers: [], told: [] }
  const memory = { get: (key, otherwise) => kept.get(key) ?? otherwise, set: (key, value) => kept.set(key, value), changed: (on) => { world.other = on } }
  world.reading = new Reading(memory, { changed: (room) => world.told.push(room) }, (call) => world.timers.push(call))
  world.pass = () => { for (const call of world.timers.splice(0)) call() }
  return world
}
const place = (n) => String(n).padStart(26, '0')
test('how far one has read only grows, and is kept', () => {
  const kept = new Map()
  const { reading, pass } = reader(kept)
  assert.equal(reading.of('r'), '')
  assert.ok(reading.reached('r', place(5)))
  assert.ok(!reading.reached('r', place(4)))
  pass()
  assert.equal(reader(kept).reading.of('r'), place(5))
})
test('after a first visit to many rooms they are kept a few at a time, and all of them', () => {
  const kept = new Map()
  const { reading, pass } = reader(kept)
  for (let i = 0; i < 60; ++i) reading.reached(`r${i}`, place(1))
  pass()
  assert.equal(kept.size, 25)
  pass(); pass(); pass()
  assert.equal(kept.size, 60)
  reading.reached('r1', place(2)); reading.reached('r2', place(2)); reading.save()
  assert.deepEqual([kept.get('read r1'), kept.get('read r2')], [place(2), place(2)])
})
test('what another tab read further is read here; what it read less far takes nothing back', () => {
  const kept = new Map()
  const { reading, pass, other, told } = reader(kept)
  reading.reached('r', place(5)); pass()
  kept.set('read r', place(9)); other('read r')
  assert.deepEqual([reading.of('r'), told], [place(9), ['r']])
  kept.set('read r', place(2)); other('read r')
  assert.equal(reading.of('r'), place(9))
  kept.set('read r', '{nonsense'); other('read r')
  assert.equal(reading.of('r'), place(9))
})

// ---- words

const { english } = await pageModule('english.js')
const { german } = await pageModule('german.js')
const { choose } = await pageModule('words.js')
test('both languages have the same words, which take the same things', () => {
  assert.deepEqual(Object.keys(german).sort(), Object.keys(english).sort())
  for (const key of Object.keys(english)) {
    assert.equal(typeof german[key], typeof english[key], key)
    if (typeof english[key] === 'function') assert.equal(german[key].length, english[key].length, key)
    if (typeof english[key] === 'string' && english[key].length > 12) assert.notEqual(german[key], english[key], key)
  }
})
test('the page has no word that a language lacks, and English ones as it comes', () => {
  const page = readFileSync(join(pageSource, 'index.html'), 'utf8')
  const used = new Set()
  for (const [, key, text] of page.matchAll(/data-word="(\w+)"[^>]*>([^<]*)</g)) { used.add(key); assert.equal(text, english[key], key) }
  for (const [, pairs] of page.matchAll(/data-words="([^"]+)"/g)) for (const pair of pairs.split(' ')) used.add(pair.split(':')[1])
  for (const file of readdirSync(pageSource).filter((name) => name.endsWith('.js')))
    for (const [, key] of readFileSync(join(pageSource, file), 'utf8').matchAll(/\bword(?:\(|: )'(\w+)'/g)) used.add(key)
  for (const key of used) assert.ok(Object.hasOwn(english, key), `no words for ${key}`)
})
test('no words of a store are said to people', () => {
  for (const [key, told] of [...Object.entries(english), ...Object.entries(german)]) assert.doesNotMatch(String(told), /\bstore\b|Speicher/i, key)
})
test('the first of the person\'s languages that there are words in is taken, with its region', () => {
  assert.deepEqual(choose(['de-AT', 'en']), { language: 'de', locale: 'de-AT' })
  assert.deepEqual(choose(['fr', 'en-GB', 'de']), { language: 'en', locale: 'en-GB' })
  assert.deepEqual(choose(['fr']), { language: 'en', locale: 'en' })
  assert.deepEqual(choose([]), { language: 'en', locale: 'en' })
})

await run()
