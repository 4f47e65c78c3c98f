// The JSON Schema of scenario files, judged by somebody else's validator: it takes every scenario that ships, and no misspelt one.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import Ajv from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { programs, run, test } from './lib/programs.mjs'

const scenarios = join(process.env.DAVENPORT_SOURCE ?? new URL('../..', import.meta.url).pathname, 'scenarios')
const committed = readFileSync(join(scenarios, 'scenario.schema.json'), 'utf8')
const judge = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(committed))
const read = (file) => parse(readFileSync(join(scenarios, file), 'utf8'))

test('the schema that is committed is the one that chatsim prints (./dev hashes --renew)', () => {
  assert.equal(spawnSync(join(programs, 'chatsim'), ['schema'], { encoding: 'utf8' }).stdout, committed)
})

test('the reference that is committed is the one that chatsim prints (./dev hashes --renew)', () => {
  assert.equal(spawnSync(join(programs, 'chatsim'), ['explain'], { encoding: 'utf8' }).stdout, readFileSync(join(scenarios, 'REFERENCE.md'), 'utf8').replace(/^# [^]*?\n\n\n/, ''))
})

test('every scenario that ships is valid', () => {
  const files = readdirSync(scenarios).filter((file) => file.endsWith('.yaml'))
  assert.ok(files.length > 20)
  for (const file of files) assert.ok(judge(read(file)), `${file}: ${JSON.stringify(judge.errors)}`)
})

test('a misspelt key, an unknown fault and a quantity without its unit are not', () => {
  const good = () => read('store-outage.yaml')
  for (const spoil of [(s) => { s.topolgy = {} }, (s) => { s.timeline[0].fault = 'store.donw' }, (s) => { s.load.rate = 60 }, (s) => { s.topology.nodes = 'three' }]) {
    const scenario = good()
    spoil(scenario)
    assert.equal(judge(scenario), false, String(spoil))
  }
})

await run()
