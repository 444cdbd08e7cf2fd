import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nsText, parseTime, toNs } from '../src/time.ts'

test.each([
  ['1970-01-01T00:00:00Z', 0n],
  ['2026-03-17T09:41:00.123456Z', 1773740460123456000n],
  ['2026-03-17T09:41:00.1234567891234Z', 1773740460123456789n],
  ['2026-03-17t11:41:00,5+02:00', 1773740460500000000n],
  ['2026-03-16T23:41:00-10:00', 1773740460000000000n],
  ['2024-02-29T00:00:00Z', 1709164800000000000n],
  ['2000-02-29T00:00:00Z', 951782400000000000n],
  ['1969-12-31T23:59:59.25Z', -750000000n],
  ['0001-01-01T00:00:00Z', -62135596800000000000n],
])('%s', (text, ns) => {
  const moment = parseTime(text)!
  expect(toNs(moment)).toBe(ns)
  expect(nsText(moment)).toBe(String(ns))
})

test.each([
  '',
  '2026-03-17',
  '2026-03-17 09:41:00Z',
  '2026-03-17T09:41:00',
  '2026-03-17T09:41:00.Z',
  '2026-03-17T09:41Z',
  '2026-13-17T09:41:00Z',
  '2026-00-17T09:41:00Z',
  '2026-02-29T00:00:00Z',
  '1900-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-03-17T24:00:00Z',
  '2026-03-17T09:60:00Z',
  '2026-03-17T09:41:60Z',
  '2026-03-17T09:41:00Zx',
  '2026-03-17T09:41:00+0200',
  '2026-03-17T09:41:00+02:0',
  '2026-03-1xT09:41:00Z',
])('%j is not a time', text => {
  expect(parseTime(text)).toBeUndefined()
})

test('agrees with Date on every date', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), date => {
      expect(toNs(parseTime(date.toISOString())!)).toBe(BigInt(date.getTime()) * 1_000_000n)
    }),
  )
})
