// The page's modules by themselves, without a browser: clocks, keys, posts, silence, links, names, words.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pageModule, pageSource } from './lib/modules.mjs'
import { run, test } from './lib/programs.mjs'

const { NodeClock } = await pageModule('clock.js')
const { KeyMaker, stampOfKey, timeOfKey } = await pageModule('keys.js')
const { Posts } = await pageModule('posts.js')
const { Watch } = await pageModule('watch.js')
const { addresses } = await pageModule('autolink.js')
const { readName } = await pageModule('names.js')
const { bannerText } = await pageModule('status.js')
const { frameOfAnswer } = await pageModule('http.js')

const began = 1_800_000_000_000
/// The two clocks of a machine, which a test sets.
const machine = () => {
  const own = { time: 0, wallOffset: began, monotonic: () => own.time, wall: () => own.time + own.wallOffset }
  return own
}
const timeOf = (key) => Number(stampOfKey(key) >> 16n)

// ---- clocks

test('the node\'s time goes on evenly when the own clock is set', () => {
  const own = machine()
  const clock = new NodeClock(own)
  assert.equal(clock.sure, false)
  clock.learn(began + 5000, 0, 100)
  own.time = 1000
  const before = clock.now()
  own.wallOffset += 120_000
  assert.equal(clock.now(), before)
  assert.equal(before, began + 5000 + 50 + 900)
})

test('a jump of the own clock is noticed once, in both directions, and slow drift is not', () => {
  const own = machine()
  const clock = new NodeClock(own)
  clock.learn(began, 0, 0)
  for (let i = 0; i < 100; ++i) { own.wallOffset += 100; assert.equal(clock.jumped(), false) }
  for (const jump of [120_000, -120_000, -3_600_000]) {
    own.wallOffset += jump
    assert.equal(clock.jumped(), true)
    assert.equal(clock.sure, false)
    assert.equal(clock.jumped(), false)
    clock.learn(began, own.time, own.time)
    assert.equal(clock.sure, true)
  }
})

test('an answer that took long says nothing about a clock that is known', () => {
  const own = machine()
  const clock = new NodeClock(own)
  assert.equal(clock.learn(began, 0, 4000), true)   // better than nothing
  assert.equal(clock.learn(began + 9000, 0, 4000), false)
  assert.equal(clock.learn(began + 9000, 3900, 4000), true)
  assert.equal(clock.learn(NaN, 3900, 4000), false)
})

test('only one module reads the wall clock, and none sets markup', () => {
  for (const file of readdirSync(pageSource).filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(join(pageSource, file), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
    if (file !== 'clock.js') assert.doesNotMatch(text, /Date\.now|new Date\(\)/, file)
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser/, file)
    assert.doesNotMatch(text, /location\.origin|(fetch|ask|EventSource)\(\s*['"`]\//, `${file} has an address that is not relative`)
  }
})

// ---- keys

test('keys rise, also when the clock stands still, and follow what was seen', () => {
  const clock = { time: began, now: () => clock.time }
  const keys = new KeyMaker(clock)
  const made = [keys.next(), keys.next()]
  clock.time -= 500
  made.push(keys.next())
  assert.deepEqual([...made].sort(), made)
})

test('one place in the far future does not keep keys from following all others', () => {
  const clock = { now: () => began }
  const keys = new KeyMaker(clock)
  const placeAt = (ms, counter) => {
    let number = ((BigInt(ms) << 16n) | BigInt(counter)) << 64n
    let text = ''
    for (let i = 0; i < 26; ++i, number >>= 5n) text = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Number(number & 31n)] + text
    return text
  }
  keys.saw(placeAt(Date.UTC(2099, 0), 0))
  keys.saw(placeAt(began + 5000, 3))
  assert.equal(stampOfKey(keys.next()), (BigInt(began + 5000) << 16n) | 4n)
  keys.saw(placeAt(began + 5000, 7) + 'X1KABADFFDJ8M')
  assert.equal(stampOfKey(keys.next()), (BigInt(began + 5000) << 16n) | 8n, 'a place of 39 letters begins with the same 26')
})

test('a key maker that was ahead comes back when its clock is right, with a tag of its own', () => {
  const clock = { time: began + 120_000, now: () => clock.time }
  const keys = new KeyMaker(clock)
  const ahead = keys.next()
  clock.time = began
  const right = keys.next()
  assert.equal(timeOf(right), began)
  assert.notEqual(right.slice(14), ahead.slice(14))
  clock.time = 1e18
  assert.match(keys.next(), /^[0-9A-HJKMNP-TV-Z]{13}-/)
})

test('a key of what replaces a change from a clock that was ahead is above it, and keeps no other key from being of its time', () => {
  const clock = { now: () => began }
  const keys = new KeyMaker(clock)
  assert.equal(timeOf(keys.next(began + 3 * 3600_000)), began + 3 * 3600_000 + 1)
  assert.equal(timeOf(keys.next()), began)
  assert.equal(timeOf(keys.next(began - 5000)), began)
})

// ---- posts

/// Posts with a node that a test plays: `sent` is what it was sent.
function posting(saved = []) {
  const own = machine()
  const world = { sent: [], asked: 0, timers: [], shown: [], kept: saved, up: true, node: 'n1' }
  const clock = new NodeClock(own)
  clock.learn(began, 0, 0)
  const posts = new Posts(Object.assign(world, {
    clock, keys: new KeyMaker(clock), memory: { get: () => world.kept, set: (_, value) => { world.kept = structuredClone(value) } },
    monotonic: own.monotonic, later: (call, ms) => world.timers.push({ call, at: own.time + ms }),
    mayNowSend: () => world.up, send: (frame) => world.sent.push(frame), askTime: () => { world.asked += 1 }, changed: (post, gone) => world.shown.push([post.key, post.state, gone]),
  }))
  const pass = (ms) => {
    own.time += ms
    for (const timer of world.timers.splice(0)) timer.at <= own.time ? timer.call() : world.timers.push(timer)
  }
  return { own, world, clock, posts, pass }
}
const refusal = (key, code, retry_ms) => ({ t: 'refused', key, code, reason: code, ...(retry_ms === undefined ? {} : { retry_ms }) })

for (const [code, retry] of [['key_ahead', 60_000], ['key_old', undefined]])
  test(`a post whose first send ever was refused with ${code} gets a new key once the time is learnt, at once`, () => {
    const { world, clock, posts, own } = posting()
    posts.say('r', 'one', 'ann')
    const [first] = world.sent.splice(0)
    posts.refused(refusal(first.key, code, retry))
    assert.deepEqual([world.sent.length, world.asked], [0, 1])
    clock.learn(began - 90_000, own.time, own.time)
    posts.timeLearnt()
    assert.equal(world.sent.length, 1)
    assert.notEqual(world.sent[0].key, first.key)
    assert.equal(timeOf(world.sent[0].key), began - 90_000)
    posts.answered({ key: world.sent[0].key }, 'stored')
    assert.equal(posts.all.size, 0)
  })

test('a post that was sent before without a refusal waits, and is repeated under the same key', async () => {
  const { world, posts, pass } = posting()
  posts.say('r', 'one', 'ann')
  posts.resume(false)                                    // another connection: nobody knows what became of it
  const key = world.sent[0].key
  posts.refused(refusal(key, 'key_ahead', 30_000))
  assert.deepEqual([...posts.waiting()], [['key_ahead', { count: 1, until: 30_000 }]])
  posts.say('r', 'two', 'ann')
  posts.say('r', 'three', 'ann')
  assert.deepEqual(world.sent.slice(2).map(({ text }) => text), ['two', 'three'])   // nobody is held up
  pass(29_000)
  assert.equal(world.sent.length, 4)
  pass(1001)
  assert.deepEqual([world.sent[4].text, world.sent[4].key], ['one', key])
})

test('that a post was sent is known after a reload: then it keeps its key', async () => {
  const { world, posts } = posting()
  posts.say('r', 'one', 'ann')
  await null
  const again = posting(world.kept)
  again.posts.resume(true)
  again.posts.refused(refusal(again.world.sent[0].key, 'key_ahead', 5000))
  again.pass(5001)
  assert.deepEqual(again.world.sent.map(({ key }) => key), [world.sent[0].key, world.sent[0].key])
})

test('what is said while the clock is not sure is dated when it is', () => {
  const { world, clock, posts, own } = posting()
  own.wallOffset += 120_000
  posts.say('r', 'one', 'ann')
  assert.equal(world.sent.length, 0)
  assert.ok(world.asked > 0)
  own.time += 20
  clock.learn(began + 20, own.time, own.time)
  posts.timeLearnt()
  assert.equal(timeOf(world.sent[0].key), began + 20)
})

test('a node whose clock goes wild is not sent new keys for ever', () => {
  const { world, clock, posts, own } = posting()
  posts.say('r', 'one', 'ann')
  for (let i = 0; i < 10; ++i) {
    if (world.sent[i]) posts.refused(refusal(world.sent[i].key, 'key_ahead', 60_000))
    clock.learn(began, own.time, own.time)
    posts.timeLearnt()
  }
  assert.equal(world.sent.length, 4)
  assert.equal(posts.waiting().get('key_ahead').count, 1)
})

test('who is too fast sends on in the order said', () => {
  const { world, posts, pass } = posting()
  for (const text of ['one', 'two']) posts.say('r', text, 'ann')
  posts.refused(refusal(world.sent[1].key, 'too_fast', 400))
  posts.say('r', 'three', 'ann')
  assert.equal(world.sent.length, 2)
  pass(401)
  assert.deepEqual(world.sent.map(({ text }) => text), ['one', 'two', 'two', 'three'])
})

/// The simulated client is held to the same conversations by tests/sim/client_conversation_test.cpp.
for (const { name, steps } of JSON.parse(readFileSync(join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../conversations/posts.json'), 'utf8')))
  test(`as the simulated client: ${name}`, () => {
    const { own, world, clock, posts, pass } = posting()
    const keys = new Map()
    let heard = []
    let asked = false
    world.askTime = () => { if (!asked) heard.push('ping'); asked = true }
    world.send = ({ text, key }) => {
      heard.push(keys.has(text) && keys.get(text) !== key ? `${text}'` : text)
      keys.set(text, key)
    }
    for (const step of steps) {
      pass(step.at - own.time)
      if (step.say) posts.say('r', step.say, 'ann')
      for (const state of ['accepted', 'stored']) if (step[state]) posts.answered({ key: keys.get(step[state]), id: 'r:1' }, state)
      if (step.refused) posts.refused(refusal(keys.get(step.refused), step.code, step.retry_ms))
      if (step.pong !== undefined) {
        asked = false
        clock.learn(began + own.time + step.pong, own.time, own.time)
        posts.timeLearnt()
      }
      if (step.lost) world.up = false
      if (step.welcome) {
        world.up = true
        posts.resume(false)
      }
      assert.deepEqual(heard, step.sent ?? [], JSON.stringify(step))
      heard = []
    }
  })

test('what was accepted is repeated at each connection until it is stored, and looks accepted meanwhile', () => {
  const { world, posts } = posting()
  const post = posts.say('r', 'one', 'ann')
  posts.answered({ key: post.key, id: 'r:1' }, 'accepted')
  posts.resume(false)
  assert.deepEqual([world.sent.length, post.state], [2, 'accepted'])
  posts.answered({ key: post.key, id: 'r:1' }, 'accepted')
  posts.answered({ key: post.key, id: 'r:1' }, 'stored')
  assert.equal(posts.all.size, 0)
})

// ---- silence

/// Ticks four times a second until it says `dead`; gives the milliseconds, and how many pings there were.
function untilDead(watch, { from = 0, attended = true, step = 250 } = {}) {
  for (let now = from + step, pings = 0; now < from + 200_000; now += step) {
    const wanted = watch.tick(now, attended)
    if (wanted === 'ping') { pings += 1; watch.pinged(now) }
    if (wanted === 'dead') return { ms: now - from, pings }
  }
}

test('with somebody at the page silence is noticed within 5 s, after an unanswered question within 3 s, else within 40 s', () => {
  assert.deepEqual(untilDead(new Watch(0)), { ms: 4500, pings: 1 })
  const asked = new Watch(0)
  asked.asked(0)
  assert.deepEqual(untilDead(asked), { ms: 2500, pings: 1 })
  assert.deepEqual(untilDead(new Watch(0), { attended: false }), { ms: 38_000, pings: 1 })
})

test('after sleep there is a question before the verdict, and only one', () => {
  const watch = new Watch(0)
  watch.tick(250, true)
  assert.equal(watch.tick(3_600_000, true), 'ping')
  watch.pinged(3_600_000)
  assert.deepEqual(untilDead(watch, { from: 3_600_000 }), { ms: 1500, pings: 0 })
  const throttled = new Watch(0)   // a hidden page, whose timers come once a minute
  assert.deepEqual(untilDead(throttled, { attended: false, step: 60_000 }), { ms: 120_000, pings: 1 })
})

test('on a slow way there is more patience', () => {
  const watch = new Watch(0)
  watch.took(1000)
  assert.equal(untilDead(watch).ms, 6000)
})

test('whatever is heard counts as life', () => {
  const watch = new Watch(0)
  for (let now = 250; now < 60_000; now += 250) {
    if (watch.tick(now, true) === 'ping') { watch.pinged(now); watch.heard(now + 100) }
  }
  assert.equal(watch.pingedAt, null)
})

// ---- links

const links = (text) => addresses(text).map((one) => one.text)
for (const [text, found] of [
  ['see https://a.example/b.', ['https://a.example/b']],
  ['(see https://en.wikipedia.org/wiki/Couch_(furniture))', ['https://en.wikipedia.org/wiki/Couch_(furniture)']],
  ['https://a.example/x_(y)_(z), and', ['https://a.example/x_(y)_(z)']],
  ['**https://a.example/b**', ['https://a.example/b']],
  ['"https://a.example/b" \'https://a.example/c\'', ['https://a.example/b', 'https://a.example/c']],
  ['it\'s https://a.example/it\'s-here.', ['https://a.example/it\'s-here']],
  ['HTTPS://A.example/B Http://b.example', ['HTTPS://A.example/B', 'Http://b.example']],
  ['https://bücher.example/straße https://例え.jp/', ['https://bücher.example/straße', 'https://例え.jp/']],
  ['見て：https://a.example/b。よい', ['https://a.example/b']],
  ['ann@example.org mailto:ann@example.org', []],
  ['https://ann@evil.example/ https://github.com:x@evil.example', []],
  ['<https://a.example/b> [x](https://a.example/c)', ['https://a.example/b', 'https://a.example/c']],
  ['https://a.example/?q=[1]&r={2}...', ['https://a.example/?q=[1]&r={2}']],
  ['http:// https://. xhttps://a.example javascript:alert(1)', []],
  ['http://localhost:8080/#room http://[::1]:80/', ['http://localhost:8080/#room', 'http://[::1]:80/']],
]) test(`links in: ${text}`, () => {
  assert.deepEqual(links(text), found)
  for (const { at, text: shown } of addresses(text)) assert.equal(text.slice(at, at + shown.length), shown)
})

test('a text of nothing but ends of addresses takes no time', () => {
  const before = performance.now()
  assert.equal(links('https://a.example/' + ')'.repeat(8000))[0], 'https://a.example/')
  assert.equal(links('https://'.repeat(1000)).length <= 1, true)
  assert.ok(performance.now() - before < 500, `${performance.now() - before} ms`)
})

// ---- names

const sameFile = (name) => JSON.parse(readFileSync(join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, `../conversations/${name}`), 'utf8'))
/// The node is held to the same names by tests/base/names_test.cpp.
for (const { given, name } of sameFile('names.json'))
  test(`${name === null ? 'no name' : 'a name'}: ${JSON.stringify(given)}`, () => {
    const read = readName(given)
    assert.equal(read.problem === '' && read.name !== '', name !== null)
    if (name !== null) assert.equal(read.name, name)
  })
for (const [what, name, why] of [
  ['U+200B', '\u200B', /seen/], ['NBSP', '\u00A0\u00A0', /seen/], ['U+3164', '\u3164', /seen/], ['U+2800', '\u2800', /seen/], ['tags', 'a\u{E0061}', /seen/],
  ['U+200B within', 'an\u200Bn', /seen/], ['a joiner at the end', 'ann\u200D', /seen/], ['a mark alone', '\u0301', /seen/], ['a soft hyphen', 'a\u00ADb', /seen/],
  ['80 times Я', 'Я'.repeat(80), /too long by 16: .*64 letters/], ['65 letters', 'x'.repeat(65), /too long by 1:/],
  ['a turn of direction', 'a\u202Eb', /control/], ['half an emoji', 'a\uD83D', /control/],
]) test(`no name: ${what}`, () => assert.match(readName(name).problem, why))
test('blanks around and within a name are tidied', () => assert.equal(readName('  Ann\u00A0\u3000 Lee ').name, 'Ann Lee'))
test('what is left of a name is told when it gets scarce', () => assert.match(readName('Я'.repeat(60)).note, /^Room for 4 more\./))

// ---- words

const calm = { up: true, store: 'up', backlog: 0, posts: [], gap: false }
test('what the connection is worth is told with a reason, in words that people know', () => {
  assert.match(bannerText({ ...calm, up: false, offline: true }), /no network/)
  assert.match(bannerText({ ...calm, up: false, everUp: false }), /does not answer/)
  assert.match(bannerText({ ...calm, up: false, posts: [{ state: 'sending' }] }), /coming back by itself\. One message waits here to be sent\./)
  assert.match(bannerText({ ...calm, store: 'down', backlog: 3 }), /3 messages wait for that\./)
})
test('nothing is said when there is nothing to say', () => assert.equal(bannerText(calm), ''))
test('what waits is told with its reason and its time, in one line', () => {
  const text = bannerText({ ...calm, waiting: new Map([['key_ahead', { count: 2, until: 60_000 }]]), now: 0 })
  assert.match(text, /^2 messages were dated ahead of the server's clock\. They are sent by themselves at /)
  assert.match(text, /\d?\d[:.]\d\d/)
  assert.equal(bannerText({ ...calm, waiting: new Map([['too_fast', { count: 2, until: 900 }]]), now: 0 }), '')
})

// ---- without a WebSocket

const answer = (status, told, retry) => ({ status, told, headers: new Headers(retry ? { 'Retry-After': retry } : {}) })
test('the answer to a POST reads as the frame that a WebSocket brings', () => {
  assert.deepEqual(frameOfAnswer('K', answer(202, { state: 'accepted', id: 'r:1' })), { t: 'accepted', key: 'K', id: 'r:1' })
  assert.deepEqual(frameOfAnswer('K', answer(201, { state: 'stored', id: 'r:1' })), { t: 'stored', key: 'K', id: 'r:1' })
  assert.deepEqual(frameOfAnswer('K', answer(503, { error: 'key_ahead', reason: 'r' }, '60')), { t: 'refused', key: 'K', code: 'key_ahead', reason: 'r', retry_ms: 60_000 })
  assert.equal(frameOfAnswer('K', answer(400, { error: 'bad_text', reason: 'r' })).retry_ms, undefined)
  assert.equal(frameOfAnswer('K', answer(422, { error: 'failed', reason: 'r' })).t, 'failed')
  assert.equal(frameOfAnswer('K', answer(403, null)).code, 'http')   // a proxy's own page
  assert.equal(frameOfAnswer('K', answer(502, null)), null)          // nobody knows what became of it
})

// ---- what a room is

const { RoomWishes } = await pageModule('settings.js')
const { fieldOf, membersOf, readForm } = await pageModule('about.js')

function wishing(saved = []) {
  const own = machine()
  const clock = new NodeClock(own)
  const world = { sent: [], asked: 0, timers: [], kept: saved, up: true }
  const wishes = new RoomWishes(Object.assign(world, {
    clock, keys: new KeyMaker(clock), memory: { get: () => world.kept, set: (_, value) => { world.kept = structuredClone(value) } },
    monotonic: own.monotonic, later: (call, ms) => world.timers.push({ call, at: own.time + ms }),
    mayNowSend: () => world.up, send: (frame) => world.sent.push(frame), askTime: () => { world.asked += 1 }, changed: () => {},
  }))
  return { own, world, clock, wishes }
}

test('what is wanted of a room waits for the node\'s time and for a node, and is repeated under its own key until the store has it', () => {
  const { world, clock, wishes } = wishing()
  wishes.set('tea', { topic: 'Tea' })
  assert.deepEqual([world.sent.length, world.asked], [0, 1])
  clock.learn(began, 0, 0)
  world.up = false
  wishes.sendDue()
  assert.equal(world.sent.length, 0)
  world.up = true
  wishes.sendDue(); wishes.sendDue()
  const [first, ...more] = world.sent.splice(0)
  assert.deepEqual([first.t, first.room, first.topic, more.length], ['set-room', 'tea', 'Tea', 0])
  assert.equal(wishes.answered({ key: 'another' }, 'stored'), false)
  assert.equal(wishes.answered({ key: first.key }, 'accepted'), true)
  assert.deepEqual([wishes.of('tea').state, wishes.waits('tea')], ['accepted', true])
  const { world: after, clock: again, wishes: reloaded } = wishing(world.kept)
  again.learn(began, 0, 0)
  reloaded.resume()
  assert.equal(after.sent[0].key, first.key)
  reloaded.answered({ key: first.key }, 'stored')
  assert.deepEqual([reloaded.of('tea').state, reloaded.waits('tea'), after.kept], ['stored', false, []])
  reloaded.seen('tea')
  assert.equal(reloaded.of('tea'), undefined)
})

test('settings that came from a clock that was ahead are written over, once, and a later decision is not', () => {
  const { world, clock, wishes } = wishing()
  clock.learn(began, 0, 0)
  wishes.set('tea', { topic: 'Tea' })
  const ahead = clock.now() + 3_600_000
  const first = world.sent.shift()
  assert.equal(wishes.answered({ key: first.key, above: new KeyMaker(clock).next(ahead) }, 'superseded'), true)
  const second = world.sent.shift()
  assert.ok(timeOfKey(second.key) > ahead && second.topic === 'Tea')
  wishes.answered({ key: second.key }, 'stored')
  wishes.set('tea', { topic: 'More tea' })
  const third = world.sent.shift()
  wishes.answered({ key: third.key, above: new KeyMaker(clock).next() }, 'superseded')
  assert.deepEqual([wishes.of('tea').state, wishes.of('tea').code, world.sent.length], ['refused', 'superseded', 0])
})

test('a refusal that ends is waited for under the same key, another one is told, and a frame that cannot be read too', () => {
  const { own, world, clock, wishes } = wishing()
  clock.learn(began, 0, 0)
  wishes.set('tea', { topic: 'Tea' })
  const { key } = world.sent.shift()
  wishes.refused({ key, code: 'full', reason: 'wait', retry_ms: 1000 })
  assert.deepEqual([wishes.of('tea').state, world.sent.length], ['sending', 0])
  own.time = 1000
  world.timers.shift().call()
  assert.equal(world.sent.shift().key, key)
  wishes.refused({ key, code: 'not_yours', reason: 'only moderators may do that' })
  assert.deepEqual([wishes.of('tea').state, wishes.of('tea').reason], ['refused', 'only moderators may do that'])
  wishes.set('tea', { topic: 'More tea' })
  assert.notEqual(world.sent.shift().key, key)
  assert.equal(wishes.unread('`topic` is at most 1000 bytes of text'), true)
  assert.equal(fieldOf(wishes.of('tea').reason), 'topic')
  assert.equal(wishes.unread('something else'), false)
  wishes.set('tea', {})
  wishes.refused({ key: world.sent.shift().key, code: 'key_ahead', retry_ms: 1 })
  assert.equal(world.asked, 1)  // it is made anew when the time is known
})

test('the form says what a room is to be, each field what is wrong with it', () => {
  const form = { topic: ' Tea ', readers: 'all', writers: 'all', readersNames: 'x', readersRoles: '', writersNames: '', writersRoles: '', slow: '', days: '' }
  assert.deepEqual(readForm(form).settings, { topic: 'Tea' })
  assert.deepEqual(readForm({ ...form, readers: 'some', readersNames: 'ann\n bob,ann\n', readersRoles: 'staff', slow: ' 5 ', days: '30' }).settings,
    { topic: 'Tea', readers: { names: ['ann', 'bob'], roles: ['staff'] }, slow_s: 5, retention_days: 30 })
  const wrong = { ...form, topic: 'é'.repeat(501), writers: 'some', slow: '1e3', days: '36501' }
  assert.deepEqual([...readForm(wrong).problems.keys()].sort(), ['days', 'slow', 'topic', 'writersNames'])
  assert.deepEqual([...readForm({ ...form, readers: 'some', readersNames: 'x'.repeat(65) }).problems.keys()], ['readersNames'])
})

test('the list has who is there and who may, each once', () => {
  assert.deepEqual(membersOf({}, ['Ann']), [{ name: 'Ann', here: true, may: '' }])
  const readers = { names: ['ann', 'bob'], roles: ['staff'] }
  assert.deepEqual(membersOf({ readers, writers: { names: ['bob'], roles: [] } }, ['Ann', 'boss']), [
    { name: 'Ann', here: true, may: 'readsOnly' }, { name: 'boss', here: true, may: '' }, { name: 'bob', here: false, may: 'readsAndWrites' },
    { role: 'staff', here: false, may: 'readsOnly' }])
})

await run()
