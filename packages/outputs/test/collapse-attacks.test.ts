/** An attacker who chooses the values that alerts are collapsed by: what it can hide, and how much memory it can cost. */
import { type AlertData, alerts } from '@falc/engine'
import { expect, test } from 'vitest'
import { Collapse } from '../src/delivery/collapse.ts'
import { Counters } from '../src/delivery/counters.ts'
import { alert } from './transports/items.ts'

function collapse(...by: string[]) {
  const passed: AlertData[] = []
  const counters = new Counters()
  const stage = new Collapse({ by, window: 1e6 }, alerts(), one => passed.push(one), counters)
  return { stage, passed, counters }
}

const of = (n: number, fields: Record<string, string>) => alert(n, { output_fields: fields })

test('long values that differ only in the middle are not repeats', () => {
  const { stage, passed } = collapse('proc.cmdline')
  const [edge, long] = ['x'.repeat(5000), 'y'.repeat(5000)]
  for (const [n, middle] of ['good', 'evil', 'evil'].entries())
    stage.push(of(n, { 'proc.cmdline': edge + middle + long }))
  expect(passed.map(({ id }) => Number.parseInt(id, 16))).toEqual([0, 1])
})

test('values crafted to yield the same key are not repeats', () => {
  const { stage, passed } = collapse('user.name', 'proc.name')
  stage.push(of(1, { 'user.name': 'a', 'proc.name': '1:bc' }))
  stage.push(of(2, { 'user.name': 'a4:1', 'proc.name': 'bc' }))
  expect(passed).toHaveLength(2)
})

test('among any number of different values, every alert is passed on or counted in a summary', () => {
  const { stage, passed, counters } = collapse('proc.name')
  for (let n = 0; n < 30_000; n++) stage.push(of(n, { 'proc.name': `evil-${n}` }))
  for (let n = 0; n < 10; n++) stage.push(of(n, { 'proc.name': 'evil-29999' }))
  stage.flush()
  const repeats = passed.reduce((sum, one) => sum + (one.count ?? 0), 0)
  expect(passed.filter(one => one.count === undefined)).toHaveLength(30_000)
  expect(repeats).toBe(10)
  expect(counters.collapsed).toBe(10)
})

test('remembered alerts are bounded in bytes, counting their fields', () => {
  const { stage, passed, counters } = collapse('proc.name')
  const long = 'x'.repeat(100_000)
  for (let n = 0; n < 1000; n++) stage.push(of(n, { 'proc.name': `evil-${n}`, 'proc.cmdline': long }))
  stage.push(of(1000, { 'proc.name': 'evil-999', 'proc.cmdline': long }))
  expect(passed).toHaveLength(1000)
  stage.push(of(1001, { 'proc.name': 'evil-0', 'proc.cmdline': long }))
  expect(passed).toHaveLength(1001)
  expect(counters.collapsed).toBe(1)
})
