import { alerts } from '@falc/engine'
import { expect, test } from 'vitest'
import { queryOf } from '../src/history/open.ts'

const MINUTE = 60_000_000_000n
const now = () => BigInt(Date.now()) * 1_000_000n

test('a period of an hour or more begins with a full minute, as stores count by the minute', () => {
  for (const [text, duration] of [
    ['1h', 60n],
    ['7d', 10_080n],
  ] as const) {
    const before = now()
    const since = queryOf({ since: text }, alerts()).since!
    expect(since % MINUTE).toBe(0n)
    expect(since).toBeGreaterThan(before - duration * MINUTE - MINUTE)
    expect(since).toBeLessThanOrEqual(now() - duration * MINUTE)
  }
})

test('a shorter period and a point in time are exact', () => {
  const before = now()
  const since = queryOf({ since: '90s' }, alerts()).since!
  expect(since).toBeGreaterThanOrEqual(before - 90_000_000_000n)
  expect(since).toBeLessThanOrEqual(now() - 90_000_000_000n)
  expect(queryOf({ since: '2026-11-24T10:00:01Z' }, alerts()).since! % MINUTE).toBe(1_000_000_000n)
})

test('a point in time is exact to the nanosecond, as alerts print theirs', () => {
  const times = ['2026-11-24T10:00:00.123456789Z', '2026-11-24T12:00:00.1234567+02:00', '1969-12-31T23:59:59.25Z']
  expect(times.map(until => queryOf({ until }, alerts()).until)).toEqual([
    1_795_514_400_123_456_789n,
    1_795_514_400_123_456_700n,
    -750_000_000n,
  ])
})
