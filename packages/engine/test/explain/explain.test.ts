import { expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { EngineOptions } from '../../src/engine/options.ts'
import { explanationText } from '../../src/explain/explanation-text.ts'
import { type Request, RULES, shop } from '../engine/shop.ts'

function explain(event: Request, rule: string, options: Partial<EngineOptions> = {}) {
  const engine = new Engine({ sources: [shop], ...options })
  engine.load([{ name: 'shop.yaml', content: RULES }])
  return engine.explain(shop, event, rule)
}

test('every check with its value, its truth and its place; macros unfolded', () => {
  expect(explanationText(explain({ action: 'delete', user: 'eve', rows: 50 }, 'Mass delete'))).toMatchSnapshot()
})

test('an alert', () => {
  const explanation = explain({ action: 'delete', user: 'eve', rows: 500 }, 'Mass delete')
  expect(explanation).toMatchObject({ matches: true, alerts: true })
  expect(explanation.nearestMiss).toBeUndefined()
})

test('the nearest miss is the fewest checks', () => {
  const { nearestMiss } = explain({ action: 'read', user: 'root', rows: 500 }, 'Mass delete')
  expect(nearestMiss!.changes.map(check => [check.text, check.valueText])).toEqual([
    ['shop.action = delete', 'read'],
    ['shop.user in (root, ada)', 'root'],
  ])
})

test('the exception that stopped it', () => {
  const { stoppedBy } = explain({ action: 'delete', user: 'cleaner', rows: 500 }, 'Mass delete')
  expect(stoppedBy).toMatchObject({ kind: 'exception', exception: 'nightly', place: { file: 'shop.yaml' } })
})

test('the earlier rule that matches, with ruleMatching first', () => {
  const event: Request = { action: 'delete', user: 'eve', rows: 500 }
  expect(explain(event, 'Any delete').stoppedBy).toEqual({ kind: 'earlier rule', rule: 'Mass delete' })
  expect(explain(event, 'Any delete', { ruleMatching: 'all' }).alerts).toBe(true)
})

test('disabled, or below the priority', () => {
  expect(explain({ action: 'read' }, 'Off').stoppedBy).toEqual({ kind: 'disabled' })
  const stopped = explain({ action: 'delete' }, 'Any delete', { priority: 'warning' }).stoppedBy
  expect(stopped).toEqual({ kind: 'priority' })
})

test('a rule that is not there', () => {
  expect(() => explain({ action: 'read' }, 'Nope')).toThrow("source 'shop' has no rule 'Nope'")
})
