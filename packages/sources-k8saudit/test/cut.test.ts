import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cpuOf } from '../../../scripts/testing/cost.ts'
import { cutToSize } from '../src/json/cut.ts'

const cut = (value: object, limit: number) => {
  const copy = structuredClone(value)
  return { cuts: cutToSize(copy, limit), value: copy }
}

describe('an event that is too large to be printed loses its largest values:', () => {
  test('the large strings', () => {
    const { cuts, value } = cut({ auditID: 'a', big: 'x'.repeat(5000), mid: 'y'.repeat(400), small: 'z' }, 600)
    expect(cuts).toBe(1)
    expect(value).toEqual({ auditID: 'a', big: '<cut: 5002 bytes>', mid: 'y'.repeat(400), small: 'z' })
  })

  test('within a nested object, its large values', () => {
    const { cuts, value } = cut(
      { auditID: 'a', requestObject: { kind: 'ConfigMap', data: { a: 'x'.repeat(900), b: '1' } } },
      300,
    )
    expect(cuts).toBe(1)
    expect(value).toEqual({
      auditID: 'a',
      requestObject: { kind: 'ConfigMap', data: { a: '<cut: 902 bytes>', b: '1' } },
    })
  })

  test('a list of too many small values as a whole', () => {
    const list = Array.from({ length: 500 }, (_, i) => i)
    const { cuts, value } = cut({ auditID: 'a', request: { verb: 'x', list }, few: [1, 2, 3] }, 300)
    expect(cuts).toBe(1)
    expect(value).toEqual({ auditID: 'a', request: { verb: 'x', list: '<cut: 1892 bytes>' }, few: [1, 2, 3] })
  })

  test('of 10,000 small values, as many as it takes to fit', () => {
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, i]))
    const { cuts, value } = cut(wide, 1000)
    expect(cuts).toBeGreaterThan(9000)
    expect(JSON.stringify(value).length).toBeLessThanOrEqual(1000)
  })

  test('a key named __proto__ is cut like any other', () => {
    const root = JSON.parse(`{"auditID":"a","__proto__":"${'x'.repeat(1000)}"}`)
    cutToSize(root, 100)
    expect(Object.getOwnPropertyNames(root)).toEqual(['auditID', '__proto__'])
    expect(JSON.stringify(root)).toBe('{"auditID":"a","__proto__":"<cut: 1002 bytes>"}')
  })

  test('in time linear in its size', () => {
    const made = (size: number) => {
      const list = Array.from({ length: size }, (_, i) => ({ [`k${i}`]: 'x'.repeat(i % 50) }))
      return { auditID: 'a', list, more: Object.assign({}, ...list.slice(0, size / 6)) }
    }
    const cost = (count: number, size: number) => {
      const events = Array.from({ length: count }, () => made(size))
      return cpuOf(() => {
        for (const event of events) cutToSize(event, 262_144)
      }, 1)
    }
    const least = (count: number, size: number) => Math.min(...[1, 2, 3].map(() => cost(count, size)))
    // As many values in one event as in ten: quadratic work would take 10 times as long.
    expect(least(1, 200_000) / least(10, 20_000)).toBeLessThan(5)
  })

  test('and always fits afterwards', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.integer({ min: 2, max: 300 }), (value, limit) => {
        const root = JSON.parse(JSON.stringify(value))
        cutToSize(root, limit)
        // Sizes leave out escapes, so only texts without them are measured exactly.
        const text = JSON.stringify(root)
        if (!text.includes('\\')) expect(text.length).toBeLessThanOrEqual(limit)
      }),
      { numRuns: 2000 },
    )
  })
})
