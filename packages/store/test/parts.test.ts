/** How the size of parts depends on their cost. The tests control the clock. */
import { DatabaseSync } from 'node:sqlite'
import { alerts } from '@falc/engine'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Parts } from '../src/parts.ts'
import { type PlannedCondition, planCondition } from '../src/query/plan.ts'

/** The number of parts of a query over all rows, and the milliseconds of the longest part. */
function partsAt(
  fixed: number,
  perThousand: number,
  rows = 1_000_000,
  bytes = 1000,
  condition?: PlannedCondition,
): { parts: number; longest: number } {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE alerts (seq INTEGER PRIMARY KEY, body BLOB)')
  for (const row of [1, rows]) db.prepare('INSERT INTO alerts VALUES (?, zeroblob(?))').run(row, bytes)
  let now = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
  onTestFinished(() => clock.mockRestore())
  let parts = 0
  let longest = 0
  const all = new Parts(db, { condition })
  const work = ({ after, before }: { after: number; before: number }) => {
    const took = fixed + ((before - after - 1) * perThousand) / 1000
    parts++
    longest = Math.max(longest, took)
    now += took
  }
  while (all.step(work));
  db.close()
  return { parts, longest }
}

test('parts shrink when their rows are expensive', () => {
  const { parts, longest } = partsAt(0, 25)
  expect(longest).toBeLessThanOrEqual(4096 * 0.025)
  expect(parts).toBeGreaterThan(400)
})

test('large alerts that take a quarter of a second each are read a few at a time', () => {
  const { parts, longest } = partsAt(0, 250_000, 2000, 5_000_000)
  expect(longest).toBeLessThanOrEqual(16 * 250)
  expect(parts).toBeGreaterThan(240)
})

test('the first part is short when the condition makes each row expensive', () => {
  const checks = Array.from({ length: 100 }, (_, i) => `proc.name icontains zz${i}`)
  const long = planCondition(`not (${checks.join(' or ')})`, alerts())
  expect(partsAt(0, 1200, 100_000, 1000, long).longest).toBeLessThan(100)
  expect(partsAt(0, 25, 100_000, 1000, planCondition('proc.name regex "a.*b"', alerts())).longest).toBeLessThan(100)
  // A short condition does not shorten the first part.
  expect(partsAt(0, 0.01, 1_000_000, 1000, planCondition('proc.name icontains a', alerts())).parts).toBeLessThan(20)
})

test('parts grow when their rows are cheap', () => {
  expect(partsAt(0, 0.01).parts).toBeLessThan(20)
})

test('a fixed cost of each part does not shrink parts', () => {
  const { parts, longest } = partsAt(70, 0.1)
  expect(parts).toBeLessThan(20)
  expect(longest).toBeLessThan(250)
})
