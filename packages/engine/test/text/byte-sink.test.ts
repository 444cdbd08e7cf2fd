/** UTF-8 assembled piece by piece equals the encoding of the whole text. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteSink } from '../../src/index.ts'

/** Texts of every kind that has a separate code path: short and long, ASCII or not, to be escaped, ill-formed. */
const unit = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'Z', '0', ' ', '/', '~', '\x7f') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('"', '\\', '\n', '\0', '\x1f', 'ä', '中', '😀', '\ud83d', '\udc80', '\u2028'),
  },
)
const text = fc.oneof(
  fc.string({ unit, maxLength: 60 }),
  fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 40, maxLength: 60 }),
  fc.tuple(fc.string({ unit, maxLength: 3 }), fc.nat(300)).map(([end, count]) => 'x'.repeat(count) + end),
)
const piece = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), value: text }),
  fc.record({ kind: fc.constant('escaped' as const), value: text }),
  fc.record({ kind: fc.constant('raw' as const), value: text }),
  fc.record({ kind: fc.constant('byte' as const), value: fc.constant('\n') }),
)

test('pieces of text are written as UTF-8, whatever the size of the sink', () => {
  const used = new ByteSink(1)
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(64), (pieces, size) => {
      let whole = ''
      used.clear()
      const sinks = [new ByteSink(size), used]
      for (const { kind, value } of pieces) {
        const formed = value.toWellFormed()
        whole += kind === 'escaped' ? JSON.stringify(formed).slice(1, -1) : formed
        for (const sink of sinks) {
          if (kind === 'raw') sink.raw(Buffer.from(formed))
          else if (kind === 'byte') sink.byte(0x0a)
          else sink[kind](value)
        }
      }
      for (const sink of sinks) expect(Buffer.from(sink.written).toString('latin1')).toBe(latin1(whole))
    }),
    { numRuns: 500 },
  )
})

test('again repeats a range of what was written', () => {
  fc.assert(
    fc.property(text, fc.nat(400), fc.nat(400), (value, from, size) => {
      const sink = new ByteSink(1)
      sink.text(value)
      const whole = Buffer.from(sink.written)
      const again = whole.subarray(Math.min(from, whole.length), from + size)
      sink.again(again.byteOffset - whole.byteOffset, again.byteOffset - whole.byteOffset + again.length)
      expect(Buffer.from(sink.written)).toEqual(Buffer.concat([whole, again]))
    }),
  )
})

const latin1 = (whole: string) => Buffer.from(whole).toString('latin1')

test('clear releases the memory of a long text', () => {
  const sink = new ByteSink()
  sink.text('x'.repeat(8 << 20))
  sink.clear()
  expect(sink.bytes.length).toBeLessThanOrEqual(4 << 20)
})
