import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeText, internText } from '../../src/events/text.ts'

const plain = new TextDecoder('utf-8', { ignoreBOM: true })

test('interned texts equal decoded texts', () => {
  // Few different bytes and lengths, so that texts repeat and slots collide.
  const piece = fc.constantFrom('a', 'b', '/', 'é', '\u{1f600}', 'ab', '/usr/lib/', '\0')
  const bytes = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map(parts => new TextEncoder().encode(parts.join(''))),
    fc.uint8Array({ maxLength: 200 }),
  )
  fc.assert(
    fc.property(bytes, fc.nat(7), (text, before) => {
      const buffer = new Uint8Array(before + text.length + 5).fill(0x41)
      buffer.set(text, before)
      const view = new DataView(buffer.buffer)
      const nul = text.indexOf(0)
      const expected = plain.decode(nul < 0 ? text : text.subarray(0, nul))
      for (let i = 0; i < 2; i++) expect(internText(buffer, view, before, before + text.length)).toBe(expected)
      expect(decodeText(buffer, before, before + text.length)).toBe(expected)
    }),
    { numRuns: 2000 },
  )
})

test('texts of every length are told apart when one byte changes', () => {
  for (let length = 0; length <= 140; length++) {
    for (let changed = 0; changed < length; changed++) {
      const bytes = new Uint8Array(length).fill(0x61)
      const view = new DataView(bytes.buffer)
      expect(internText(bytes, view, 0, length)).toBe('a'.repeat(length))
      bytes[changed] = 0x62
      expect(internText(bytes, view, 0, length)).toBe(`${'a'.repeat(changed)}b${'a'.repeat(length - changed - 1)}`)
    }
  }
})
