import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fifo } from '../../src/queue/fifo.ts'

/** A positive number pushes that many items, a negative one takes that many, and 0 clears. */
const steps = fc.array(fc.integer({ min: -300, max: 300 }), { maxLength: 20 })

test('items come out in the order in which they went in, while it grows, wraps around and shrinks', () => {
  fc.assert(
    fc.property(steps, counts => {
      const fifo = new Fifo<number>()
      const expected: number[] = []
      let next = 0
      for (const count of counts) {
        if (count === 0) {
          fifo.clear()
          expected.length = 0
        }
        for (let i = 0; i < count; i++) {
          fifo.push(next)
          expected.push(next++)
        }
        for (let i = 0; i > count; i--) expect(fifo.shift()).toBe(expected.shift())
        const { length, first } = fifo
        expect([length, first, fifo.at(0), fifo.at(length - 1), fifo.at(length)]).toEqual([
          ...[expected.length, expected[0], expected[0], expected.at(-1), undefined],
        ])
      }
    }),
  )
})
