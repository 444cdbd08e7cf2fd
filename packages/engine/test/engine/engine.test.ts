import { expect, test } from 'vitest'
import type { Alert } from '../../src/alert/alert.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { EngineOptions } from '../../src/engine/options.ts'
import { defineSource } from '../../src/fields/field.ts'
import { type Request, RULES, shop } from './shop.ts'

function loaded(options: Partial<EngineOptions> = {}, content = RULES): Engine {
  const engine = new Engine({ sources: [shop], ...options })
  expect(engine.load([{ name: 'shop.yaml', content }]).errors).toEqual([])
  return engine
}
const names = (alerts: readonly Alert[]) => alerts.map(alert => alert.rule)
const wipe: Request = { action: 'delete', user: 'eve', rows: 500 }

test('alerts come from the first matching rule in order of definition, or from all', () => {
  expect(names(loaded().evaluate(shop, wipe))).toEqual(['Mass delete'])
  expect(names(loaded({ ruleMatching: 'all' }).evaluate('shop', wipe))).toEqual(['Mass delete', 'Any delete'])
})

test('without a match, evaluate always returns the same frozen array', () => {
  const engine = loaded()
  const none = engine.evaluate(shop, { action: 'read' })
  expect(none).toEqual([])
  expect(engine.evaluate(shop, { action: 'write' })).toBe(none)
  expect(Object.isFrozen(none)).toBe(true)
})

test('a report lists what was loaded', () => {
  const report = new Engine({ sources: [shop] }).load([{ name: 'shop.yaml', content: RULES }])
  expect(report.ok).toBe(true)
  expect(report.warnings).toEqual([])
  expect(report.rules.map(rule => [rule.name, rule.enabled, rule.priority])).toEqual([
    ['Mass delete', true, 'Warning'],
    ['Any delete', true, 'Notice'],
    ['Off', false, 'Informational'],
  ])
})

test('loading is all or nothing', () => {
  const engine = loaded()
  const report = engine.load([{ name: 'bad.yaml', content: RULES.replace('shop.action = read', 'shop.nope = read') }])
  expect([report.ok, report.errors[0]!.code]).toEqual([false, 'LOAD_ERR_COMPILE_CONDITION'])
  expect(names(engine.evaluate(shop, wipe))).toEqual(['Mass delete'])
  expect(engine.load([{ name: 'none.yaml', content: '' }]).ok).toBe(true)
  expect(engine.evaluate(shop, wipe)).toEqual([])
})

test('a rule with thousands of exceptions raises its alerts', () => {
  const pairs = defineSource<{ readonly x: string; readonly y: string }>({
    name: 'pairs',
    fields: {
      'pair.x': { type: 'string', doc: 'd', extract: e => e.x },
      'pair.y': { type: 'string', doc: 'd', extract: e => e.y },
    },
  })
  const values = Array.from({ length: 5000 }, (_, i) => [`x${i}`, `y${i}`])
  const exceptions = [{ name: 'known', fields: ['pair.x', 'pair.y'], comps: ['=', 'startswith'], values }]
  const rule = { rule: 'Pair', desc: 'd', source: 'pairs', condition: 'pair.x exists', exceptions, output: 'o' }
  const engine = new Engine({ sources: [pairs] })
  const content = JSON.stringify([{ ...rule, priority: 'INFO' }])
  expect(engine.load([{ name: 'pairs.yaml', content }]).errors).toEqual([])
  expect(names(engine.evaluate(pairs, { x: 'x1', y: 'other' }))).toEqual(['Pair'])
  expect(engine.evaluate(pairs, { x: 'x1', y: 'y1' })).toEqual([])
  expect(engine.stats().failedEvents).toBe(0)
})

test('an engine without rules gives no alerts', () => {
  expect(new Engine({ sources: [shop] }).evaluate(shop, wipe)).toEqual([])
})

test('rules of an unknown source are skipped with a warning', () => {
  const report = new Engine({ sources: [shop] }).load([
    { name: 'a.yaml', content: RULES.replaceAll('source: shop', 'source: shpo') },
  ])
  expect([report.ok, report.rules]).toEqual([true, []])
  expect(report.warnings.map(w => w.code)).toContain('LOAD_UNKNOWN_SOURCE')
})

test('rules see only events of their source; an unknown source is an error', () => {
  const other = defineSource<Request>({ ...shop, name: 'other' })
  const engine = new Engine({ sources: [shop, other] })
  engine.load([{ name: 'shop.yaml', content: RULES }])
  expect(engine.evaluate(other, wipe)).toEqual([])
  expect(names(engine.evaluate(shop, wipe))).toEqual(['Mass delete'])
  expect(() => engine.evaluate('third', wipe)).toThrow("no source 'third'")
  expect(() => engine.run([])).toThrow("name the events' source: one of shop, other")
})

test('stats count per rule and priority', () => {
  const engine = loaded()
  for (let i = 0; i < 3; i++) engine.evaluate(shop, wipe)
  engine.evaluate(shop, { action: 'delete', user: 'eve' })
  engine.evaluate(shop, { action: 'read' })
  expect(engine.stats()).toMatchObject({
    events: 5,
    matches: 4,
    rules: [
      { rule: 'Mass delete', count: 3 },
      { rule: 'Any delete', count: 1 },
    ],
    priorities: { Warning: 3, Notice: 1 },
  })
})

test('an evaluation that is held is not counted, and its event keeps its number', () => {
  const engine = loaded({}, RULES.replaceAll('deletes"', 'deletes %evt.num"'))
  const asked: unknown[] = []
  let hold = true
  const deferral = {
    before: (event: Request) => void asked.push(event),
    hold: () => hold,
  }
  const remove = { action: 'delete', user: 'eve' }
  expect(engine.evaluate(shop, remove, deferral)).toBe(undefined)
  expect(engine.evaluate(shop, remove, deferral)).toBe(undefined)
  expect(engine.stats()).toMatchObject({ events: 0, matches: 0, rules: [] })
  hold = false
  expect(engine.evaluate(shop, remove, deferral)!.map(alert => alert.message)).toEqual(['eve deletes 1'])
  expect(engine.evaluate(shop, remove)[0]!.message).toBe('eve deletes 2')
  expect(engine.stats()).toMatchObject({ events: 2, matches: 2, rules: [{ rule: 'Any delete', count: 2 }] })
  expect(asked).toEqual([remove, remove, remove])
})

test('the engine numbers events from 1', () => {
  const engine = loaded({}, RULES.replace('"%shop.user deletes"', '"number %evt.num"'))
  engine.evaluate(shop, { action: 'read' })
  expect(engine.evaluate(shop, { action: 'delete' })[0]!.message).toBe('number 2')
})
