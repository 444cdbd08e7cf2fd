import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quote, unquote } from '../../src/condition/quote.ts'
import { bytesToText, hasRawBytes, textToBytes } from '../../src/text/encoding.ts'

test('bytes survive conversion to text and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), bytes => void expect(textToBytes(bytesToText(bytes))).toEqual(bytes)),
  )
})

test('text survives conversion to bytes and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => bytesToText(textToBytes(text)) === text && !hasRawBytes(text)),
  )
})

test('text survives quoting', () => {
  const any = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...`\\"' \n\udcff`) }))
  fc.assert(
    fc.property(any, text => (quote(text).startsWith('"') ? unquote(quote(text)) === text : quote(text) === text)),
  )
})
