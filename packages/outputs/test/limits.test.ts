import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cut, Limits } from '../src/text/limits.ts'

const quiet = () => new Limits(() => {})
const anyText = fc.string({ unit: 'binary', maxLength: 400 })

test('cut: the text kept and the count of missing characters add up to the whole text', () => {
  expect(cut('short', 5)).toBe('short')
  expect(cut('x'.repeat(100), 30)).toBe(`${'x'.repeat(18)} … [82 more]`)
  fc.assert(
    fc.property(anyText, fc.integer({ min: 0, max: 100 }), (text, limit) => {
      const shown = cut(text, limit)
      expect(shown.length).toBeLessThanOrEqual(limit)
      if (text.isWellFormed()) expect(shown.isWellFormed()).toBe(true)
      const [, kept = '', missing] = /^([\s\S]*) … \[(\d+) more\]$/.exec(shown) ?? []
      if (text.length > limit && missing !== undefined) {
        expect(text.startsWith(kept)).toBe(true)
        expect(kept.length + Number(missing)).toBe(text.length)
      }
    }),
  )
})

test('escaped: fits after escaping, and never ends in half an escape sequence', () => {
  const encode = (text: string) => text.replace(/[^ ]/gu, '\\$&')
  fc.assert(
    fc.property(anyText, fc.integer({ min: 0, max: 200 }), (text, limit) => {
      const shown = quiet().escaped(text, limit, 'texts', encode)
      expect(shown.length).toBeLessThanOrEqual(limit)
      expect(shown.replace(/\\./gsu, '')).not.toContain('\\')
    }),
  )
})

test('body: JSON stays JSON, with the same keys and exact integers', () => {
  const body = `{"evt.time":1700000000123456789,"long":${JSON.stringify('é"\\'.repeat(5000))},"short":"a\\"b"}`
  const shown = quiet().body({ body, contentType: 'application/json' }, 4000)
  expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(4000)
  expect(shown).toContain('"evt.time":1700000000123456789')
  expect(JSON.parse(shown)).toMatchObject({ long: expect.stringMatching(/^é"\\.* … \[\d+ more\]$/s), short: 'a"b' })
  const text = quiet().body({ body: 'é'.repeat(5000), contentType: 'text/plain' }, 3000)
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(3000)
})
