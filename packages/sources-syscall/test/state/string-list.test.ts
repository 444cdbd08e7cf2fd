import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StringList, splitStrings } from '../../src/model/string-list.ts'

test('joining strings as bytes gives the same text as joining them one by one', () => {
  const piece = fc.constantFrom('A=b', 'é', '\u{1f600}', '\0', '\0\0', '\x01', '\x01\0')
  const bytes = fc.oneof(
    fc.array(piece, { maxLength: 20 }).map(parts => new TextEncoder().encode(parts.join(''))),
    fc.uint8Array({ maxLength: 40 }),
    // Around the length up to which bytes are joined.
    fc.integer({ min: 8185, max: 8200 }).map(length =>
      new Uint8Array(length)
        .fill(0x61)
        .fill(0, 4, 7)
        .fill(0, length - 2),
    ),
  )
  fc.assert(
    fc.property(bytes, list => {
      expect(new StringList(list).text).toBe(splitStrings(list).join(' '))
    }),
    { numRuns: 2000 },
  )
})
