import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { alertId, digest, portableHash } from '../../src/alert/id.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { EngineOptions } from '../../src/engine/options.ts'
import { loadRuleset } from '../../src/engine/saved.ts'
import { defineSource } from '../../src/fields/field.ts'

interface Visit {
  readonly at: bigint
  readonly key?: string
}

const visits = defineSource<Visit>({
  name: 'visits',
  time: visit => visit.at,
  id: visit => visit.key,
  fields: { 'visit.at': { type: 'uint64', doc: 'when', extract: visit => visit.at } },
})
const RULES = [1, 2].map(n => ({
  ...{ rule: `rule ${n}`, desc: 'd', condition: 'visit.at exists', output: 'o', priority: 'INFO', source: 'visits' },
}))

function engineOf(options: Partial<EngineOptions> = {}, source = visits) {
  const engine = new Engine({ sources: [source], ruleMatching: 'all', identity: 'm', ...options })
  const content = JSON.stringify(RULES.map(rule => ({ ...rule, source: source.name })))
  expect(engine.load([{ name: 'r.yaml', content }]).errors).toEqual([])
  return engine
}
const EVENTS: readonly Visit[] = [
  { at: 1n, key: 'a' },
  { at: 1n, key: 'b' },
  { at: 2n, key: 'b' },
  { at: 3n },
  { at: 3n },
]
const ids = (engine: Pick<Engine, 'evaluate'>) =>
  EVENTS.flatMap(event => engine.evaluate(visits, event).map(alert => alert.id))

test("an alert's id is the documented hash of its parts", () => {
  const parts = ['m', 's', 'r', '17', '3']
  const expected = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
  expect(alertId({ identity: 'm', source: 's', rule: 'r', time: 17n, event: 3 })).toBe(expected)
})

test('the portable hash gives the same ids as the hash of the host', () => {
  for (const parts of [[''], ['ü\ud800', '\0"\\', '€'], ['x'.repeat(10_000)], ['\u{1f600}', '']])
    expect(portableHash(JSON.stringify(parts.map(part => part.toWellFormed()))).slice(0, 32)).toBe(digest(parts))
})

test('different events and different rules have different ids', () => {
  expect(new Set(ids(engineOf())).size).toBe(EVENTS.length * RULES.length)
})

test('a replay gives the same ids with the JIT, the VM and a saved ruleset', () => {
  const first = ids(engineOf())
  expect(ids(engineOf())).toEqual(first)
  expect(ids(engineOf({ backend: 'vm' }))).toEqual(first)
  const saved = engineOf({ identity: 'other', hostname: 'h' }).save()
  expect(ids(loadRuleset(saved, { sources: [visits], identity: 'm', hostname: 'i' }))).toEqual(first)
})

test('an event that has an id gives the same alert id wherever it occurs in the stream', () => {
  const engine = engineOf()
  const [first] = engine.evaluate(visits, EVENTS[0]!)
  engine.evaluate(visits, EVENTS[1]!)
  expect(engine.evaluate(visits, EVENTS[0]!)[0]!.id).toBe(first!.id)
})

test('ids differ by machine and by source; the identity defaults to the host name', () => {
  const all = [
    engineOf(),
    engineOf({ identity: 'n' }),
    engineOf({}, { ...visits, name: 'visits2' }),
    ...['x', 'y'].map(hostname => new Engine({ sources: [visits], hostname })),
  ]
  for (const engine of all.slice(3)) engine.load([{ name: 'r.yaml', content: JSON.stringify(RULES) }])
  const found = all.map(engine => engine.evaluate(engine.options.sources[0]!, EVENTS[0]!)[0]!.id)
  expect(new Set(found).size).toBe(all.length)
  expect(engineOf({ identity: 'x' }).evaluate(visits, EVENTS[0]!)[0]!.id).toBe(found[3])
})

test('if the id function of a source throws, the event number is used and the failure reported', () => {
  const broken = {
    ...visits,
    id: () => {
      throw new Error('no id')
    },
  }
  const failures: string[] = []
  const engine = engineOf({ onError: failure => failures.push(failure.field) }, broken)
  const found = [EVENTS[0]!, EVENTS[0]!].map(event => engine.evaluate(broken, event)[0]!.id)
  expect(new Set(found).size).toBe(2)
  expect(failures).toEqual(['id', 'id'])
})
