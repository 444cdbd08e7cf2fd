import { expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { RuleTester, RuleTestFailure } from '../../src/engine/rule-tester.ts'
import { defineSource, type FieldDef } from '../../src/fields/field.ts'
import { type Request, RULES, shop } from '../engine/shop.ts'

const tester = () => new RuleTester<Request>({ files: [{ name: 'shop.yaml', content: RULES }], source: shop })
const wipe: Request = { action: 'delete', user: 'eve', rows: 500 }

test('expectations that hold do not throw, and expectAlert returns the alert', () => {
  const rules = tester()
  expect(rules.expectAlert('Mass delete', { action: 'read' }, wipe).message).toBe('eve deleted 500 rows')
  expect(rules.expectAlert('Any delete', wipe).message).toBe('eve deletes')
  rules.expectNoAlert('Mass delete', { ...wipe, rows: 100 }, { ...wipe, user: 'root' })
  rules.expectNone({ action: 'read' }, { action: 'write' })
})

test('expectations that do not hold say why', () => {
  const rules = tester()
  const failing = (f: () => void) => {
    try {
      f()
    } catch (error) {
      expect(error).toBeInstanceOf(RuleTestFailure)
      return (error as Error).message
    }
    return 'holds'
  }
  expect(failing(() => rules.expectAlert('Mass delete', { action: 'read' }, { ...wipe, rows: 3 }))).toMatch(
    /^expected an alert of "Mass delete" \(event 2 of 2 is the closest\)\n.*\n[\s\S]*one check[\s\S]*shop.rows > 100 {2}is 3/,
  )
  expect(failing(() => rules.expectNoAlert('Mass delete', wipe))).toContain('expected no alert of "Mass delete"\n')
  expect(failing(() => rules.expectNone(wipe))).toContain('but "Mass delete" gave one')
  expect(failing(() => rules.expectAlert('Mass', wipe))).toContain('there are: "Mass delete", "Any delete", "Off"')
  expect(failing(() => rules.expectAlert('Off', { action: 'read' }))).toContain('the rule is disabled')
})

test('rules that do not load throw an error with their problems', () => {
  const files = [{ name: 'shop.yaml', content: RULES.replace('shop.rows >', 'shop.row >') }]
  expect(() => new RuleTester({ files, source: shop })).toThrow(/shop\.yaml[\s\S]*nonexistent field shop\.row/)
})

test('coverage lists the parts that do not decide both ways', () => {
  const rules = tester()
  rules.alerts(wipe, { ...wipe, rows: 5 }, { ...wipe, user: 'ada' })
  expect(
    rules.coverage
      .untested()
      .filter(c => c.rule === 'Mass delete')
      .map(c => [c.kind, c.text, c.held, c.failed]),
  ).toEqual([
    ['check', 'shop.action = delete', 1, 0],
    ['bound', 'shop.rows > 100', 0, 1],
    ['item', 'root of shop.user in (…)', 0, 1],
    ['check', 'shop.user = cleaner', 0, 1],
  ])
  expect(rules.coverage.neverMatched()).toEqual(['Off'])
  expect(String(rules.coverage)).toMatchInlineSnapshot(`
    "Mass delete: 3 of 7 parts decide, 1 matches
      check never decides by being false: shop.action = delete  shop.yaml:8:14
      bound never decides by being true: shop.rows > 100  shop.yaml:5:14
      item never decides by being true: root of shop.user in (…)  shop.yaml:8:52
      check never decides by being true: shop.user = cleaner  shop.yaml:15:16
    Any delete: 0 of 1 parts decide, 3 matches
      check never decides by being false: shop.action = delete  shop.yaml:20:14
    Off: 0 of 1 parts decide, 0 matches
      check never decides by being true: shop.action = read  shop.yaml:26:14
    "
  `)
})

test('a check that was true once and false once has not decided if another one did each time', () => {
  const rules = tester()
  rules.alerts({ action: 'read', user: 'eve', rows: 500 }, { action: 'write', user: 'eve', rows: 5 })
  const checks = rules.coverage.checks().filter(({ rule }) => rule === 'Mass delete')
  expect(checks.find(({ text }) => text === 'shop.rows > 100')).toMatchObject({ held: 0, failed: 0 })
  expect(checks.find(({ text }) => text === 'shop.action = delete')).toMatchObject({ held: 0, failed: 1 })
})

test('a bound decides when the next number would have made a difference', () => {
  const rules = tester()
  rules.alerts({ ...wipe, rows: 101 }, { ...wipe, rows: 100 })
  const bound = rules.coverage.checks().find(({ kind }) => kind === 'bound')
  expect(bound).toMatchObject({ text: 'shop.rows > 100', held: 1, failed: 1 })
})

test('before the first event every part is untested and no rule has matched', () => {
  const rules = tester()
  const { coverage } = rules
  expect(coverage.untested()).toEqual(coverage.checks())
  expect(coverage.checks().map(({ rule, text }) => `${rule}: ${text}`)).toContain('Mass delete: shop.rows > 100')
  expect(coverage.neverMatched()).toEqual(rules.rules.map(({ name }) => name))
  expect(String(coverage)).toContain('  check never decides: shop.rows > 100  shop.yaml:5:14')
})

test('rules share the evaluation of equal checks', () => {
  let reads = 0
  const action = { ...shop.fields['shop.action']!, extract: () => String(reads++ % 2 === 0 ? 'read' : 'write') }
  const source = defineSource<Request>({ ...shop, fields: { ...shop.fields, 'shop.action': action as FieldDef } })
  const content = Array.from({ length: 50 }, (_, i) => ({
    ...{ rule: `r${i}`, desc: 'd', condition: 'shop.action = read', output: 'o', priority: 'INFO', source: 'shop' },
  }))
  const engine = new Engine({ sources: [source] })
  engine.load([{ name: 'r.yaml', content: JSON.stringify(content) }])
  const coverage = engine.coverage(source)
  for (let i = 0; i < 4; i++) coverage.record(wipe)
  expect(reads).toBe(4)
  expect(coverage.checks().map(({ held, failed }) => [held, failed])).toEqual(Array(50).fill([2, 2]))
})

test('coverage can be switched off', () => {
  const rules = new RuleTester({ files: [{ name: 'shop.yaml', content: RULES }], source: shop, coverage: false })
  rules.expectAlert('Mass delete', wipe)
  expect(() => rules.coverage).toThrow('coverage: false')
})

const failing = JSON.stringify([
  { rule: 'r', desc: 'd', condition: 'not shop.fails = x', output: 'o', priority: 'INFO', source: 'shop' },
])

test('a field that cannot be read fails the test, unless there is an onError', () => {
  const files = [{ name: 'r.yaml', content: failing }]
  const strict = new RuleTester({ files, source: shop })
  for (const check of [
    () => strict.expectAlert('r', wipe),
    () => strict.expectNoAlert('r', wipe),
    () => strict.expectNone(wipe),
    () => strict.alerts(wipe),
  ])
    expect(check).toThrow(/^shop\.fails could not be read: Error: broken\n +at .*shop\.ts/)
  const seen: string[] = []
  const lenient = new RuleTester({ files, source: shop, onError: ({ field }) => void seen.push(field) })
  lenient.expectAlert('r', wipe)
  expect(seen).toEqual(['shop.fails'])
})

test('a time that only coverage could not read fails no later event', () => {
  const source = defineSource<{ readonly n: number; readonly at?: bigint }>({
    name: 'timed',
    time: ({ at }) => {
      if (at === undefined) throw new Error('no time')
      return at
    },
    fields: { 'timed.n': { type: 'int32', doc: 'd', extract: e => e.n } },
  })
  const rule = { rule: 'r', desc: 'd', condition: 'timed.n = 1 and evt.rawtime > 0', output: 'o', priority: 'INFO' }
  const content = JSON.stringify([{ ...rule, source: 'timed' }])
  const rules = new RuleTester({ files: [{ name: 'r.yaml', content }], source })
  rules.expectAlert('r', { n: 1, at: 1n })
  rules.expectNone({ n: 2 })
  rules.expectAlert('r', { n: 1, at: 2n })
})

test('an event that the source rejects fails the test', () => {
  const check = (event: Request) => (event.action === '' ? 'it has no action' : undefined)
  const rules = new RuleTester<Request>({ files: [{ name: 's.yaml', content: RULES }], source: { ...shop, check } })
  rules.expectNone({ action: 'read' })
  expect(() => rules.expectNone({ action: '' })).toThrow('the event cannot be tested: it has no action')
})
