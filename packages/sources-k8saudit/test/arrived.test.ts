import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Arrived } from '../src/json/arrived.ts'

test('bytes that arrive in any pieces are returned unchanged, one body after another', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc.nat(40_000).map(length => new Uint8Array(length).map((_, i) => i)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.array(piece, { maxLength: 20 }), (...bodies) => {
      const arrived = new Arrived()
      for (const pieces of bodies) {
        for (const one of pieces) arrived.add(one)
        const whole = Buffer.concat(pieces)
        expect(arrived.size).toBe(whole.length)
        expect(whole.equals(arrived.take())).toBe(true)
        expect(arrived.size).toBe(0)
      }
    }),
  )
})

test('small pieces after the first are copied, so their memory may be reused', () => {
  const arrived = new Arrived()
  const pieces = Array.from({ length: 100_000 }, () => Uint8Array.of(7))
  for (const one of pieces) arrived.add(one)
  for (const one of pieces) one[0] = 0
  expect(arrived.take().filter(byte => byte === 7)).toHaveLength(pieces.length - 1)
})
