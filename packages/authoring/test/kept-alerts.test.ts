/** What stored alerts show about another version of the rules never contradicts the evaluation of the original events. */
import { Engine } from '@falc/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FieldEvent, KeptAlerts, testable } from '../src/index.ts'
import { SOURCES } from './sources.ts'

const source = testable(SOURCES[0]!)
const TYPES = new Map([[source.name, source.eventTypes]])
const FIELDS = ['proc.name', 'proc.pname', 'user.name', 'fd.name']
/** An alert has two of these four fields. */
const OUTPUT = 'x %proc.name %user.name'

function loaded(condition: string) {
  const engine = new Engine({ sources: [source] })
  const files = [
    {
      name: 'rules.yaml',
      content: JSON.stringify([{ rule: 'R', desc: 'd', condition, output: OUTPUT, priority: 'INFO' }]),
    },
  ]
  expect(engine.load(files).errors).toEqual([])
  return { engine, compiled: engine.analyse(files).rules }
}

const value = fc.constantFrom('a', 'b')
const check = fc
  .tuple(fc.constantFrom(...FIELDS), fc.constantFrom('=', '!=', 'exists', 'in'), value)
  .map(([field, op, v]) =>
    op === 'exists' ? `${field} exists` : op === 'in' ? `${field} in (${v}, c)` : `${field} ${op} ${v}`,
  )
const { condition } = fc.letrec<{ condition: string }>(tie => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    check,
    tie('condition').map(one => `not (${one})`),
    fc.tuple(tie('condition'), fc.constantFrom('and', 'or'), tie('condition')).map(([a, op, b]) => `(${a} ${op} ${b})`),
  ),
}))
const event = fc.record(Object.fromEntries(FIELDS.map(field => [field, value])), { requiredKeys: [] })

test("the fate of an alert, unless it is open, agrees with the new rules' evaluation of its event", () => {
  const fates = { stays: 0, goes: 0, open: 0 }
  const property = fc.property(
    condition,
    condition,
    fc.array(event, { minLength: 8, maxLength: 8 }),
    (a, b, events) => {
      const [before, after] = [loaded(a), loaded(b)]
      const kept = new KeptAlerts(before.compiled, after.compiled, TYPES)
      let seen = { stays: 0, goes: 0, open: 0 }
      for (const fields of events) {
        const shown = new FieldEvent({ 'evt.type': 'execve', ...fields })
        for (const alert of before.engine.evaluate(source, shown)) {
          kept.see(alert)
          const [change = { stays: seen.stays + 1, goes: 0, open: 0 }] = kept.changes()
          const fate = (['stays', 'goes', 'open'] as const).find(one => change[one] > seen[one])!
          seen = { stays: change.stays, goes: change.goes, open: change.open }
          fates[fate]++
          const matches = after.engine.evaluate(source, shown).length > 0
          if (fate !== 'open') expect([a, b, fields, fate]).toEqual([a, b, fields, matches ? 'stays' : 'goes'])
        }
      }
    },
  )
  fc.assert(property, { seed: 7, numRuns: 60 })
  for (const [fate, number] of Object.entries(fates)) expect(number, fate).toBeGreaterThan(10)
})

test('unchanged, removed and narrowed rules, and alerts of unknown rules', () => {
  const { engine, compiled } = loaded('proc.name = a and fd.name = b')
  const [alert] = engine.evaluate(source, new FieldEvent({ 'evt.type': 'execve', 'proc.name': 'a', 'fd.name': 'b' }))
  const narrower = loaded('proc.name = a and fd.name = b and proc.pname = c').compiled
  const of = (after: typeof compiled) => {
    const kept = new KeptAlerts(compiled, after, TYPES)
    kept.see(alert!)
    return kept.changes()
  }
  expect(of(compiled)).toEqual([])
  expect(of([])).toEqual([{ rule: 'R', stays: 0, goes: 1, open: 0, gone: [alert], needed: [] }])
  // The old condition is known to have held, so only proc.pname is missing.
  expect(of(narrower)).toMatchObject([{ open: 1, needed: ['proc.pname'] }])
  const foreign = new KeptAlerts([], compiled, TYPES)
  foreign.see(alert!)
  expect([foreign.foreign, foreign.changes()]).toEqual([1, []])
})
