import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { growth } from '../../../../scripts/testing/cost.ts'
import { compareTexts, holds } from '../../src/fields/compare.ts'
import { Glob } from '../../src/fields/glob.ts'
import { PathPrefixes } from '../../src/fields/path-prefixes.ts'
import { Regex } from '../../src/fields/regex.ts'
import { FoldedText, Prefixes } from '../../src/fields/sets.ts'
import { textToBytes } from '../../src/text/encoding.ts'

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\u00e9', '\u{1f600}'), maxLength: 8 })

describe('icontains', () => {
  test('agrees with its definition, which converts both sides', () => {
    // Includes letters whose other case is an ASCII letter, and all characters that are special in a regular expression.
    const unit = fc.constantFrom(...'kKsSiI\u212a\u017f\u0130\u0131éÉ\u{1f600}.*+?^$(){}[]|\\/-_ \0\n')
    const long = fc.constantFrom('', 'k'.repeat(63), 'k'.repeat(64), 'k'.repeat(65))
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 3 }), fc.string({ unit, maxLength: 30 }), long, (part, text, start) => {
        for (const [sought, whole] of [
          [start + part, start + text],
          [start + part, text + start.toUpperCase() + part + text],
        ] as const)
          expect(new FoldedText(sought).test(whole)).toBe(holds('icontains', 'text', whole, sought))
      }),
      { numRuns: 5000 },
    )
  })
})

describe('glob', () => {
  test('agrees with an equivalent regular expression', () => {
    const piece = fc.constantFrom('a', 'b', '/', '*', '**', '?', '[ab]', '[!a]', '[a-b]', '\\*', '\u00e9')
    const asRegExp: Record<string, string> = { '*': '[^]*', '**': '[^]*', '?': '[^]', '[!a]': '[^a]', '\\*': '\\*' }
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }), letters, (pieces, text) => {
        const regExp = new RegExp(`^(?:${pieces.map(p => asRegExp[p] ?? p).join('')})$`, 'u')
        expect(new Glob(pieces.join('')).test(text)).toBe(regExp.test(text))
      }),
      { numRuns: 5000 },
    )
  })

  test.each<[string, string, boolean]>([
    ['[]a]', ']', true],
    ['[!]a]', ']', false],
    ['[a', '[a', true],
    ['[', '[', true],
    ['a[', 'a[', true],
    ['[a-]', '-', true],
    ['[[:alpha:][:digit:]]', '7', true],
    ['[[:nope:]]', ':]', true],
    ['\\', '\\', false],
    ['a\\', 'a\\', false],
    ['[\\]]', ']', true],
    ['', '', true],
    ['*', '', true],
    ['?', '', false],
    ['a*b*', 'a--b', true],
    ['*a*b', 'ba', false],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(new Glob(pattern).test(text)).toBe(expected)
  })

  test('takes time proportional to the length of the text', () => {
    for (const [pattern, size] of [
      [`${'*a'.repeat(100)}*b`, 10_000],
      [`${'*[ab]'.repeat(50)}*c`, 2_000],
    ] as const) {
      const glob = new Glob(pattern)
      expect(
        growth(n => expect(glob.test('a'.repeat(n))).toBe(false), size, 8),
        pattern,
      ).toBeLessThan(32)
    }
  })
})

describe('regex', () => {
  test('takes time linear in the length of the text', () => {
    for (const pattern of ['(a*)*b', '(a|aa)+']) {
      const regex = new Regex(pattern)
      expect(
        growth(n => expect(regex.test(`${'a'.repeat(n)}!`)).toBe(false), 2000, 8),
        pattern,
      ).toBeLessThan(32)
    }
  })

  test('refuses syntax that POSIX does not have, and invalid patterns', () => {
    for (const pattern of ['\\d', '\\w', '\\s', '\\b', '(?:a)', '(?P<n>a)', '\\pL', '(', '[a', 'a{1001}', '*a'])
      expect(() => new Regex(pattern), pattern).toThrow()
  })

  test('a negated set matches a newline, a dot does not', () => {
    expect(new Regex('a[^b]c').test('a\nc')).toBe(true)
    expect(new Regex('a.c').test('a\nc')).toBe(false)
  })
})

describe('sets of texts', () => {
  test('a set of prefixes matches like its prefixes one by one', () => {
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 6 }), letters, (prefixes, text) => {
        expect(new Prefixes(prefixes).test(text)).toBe(prefixes.some(prefix => text.startsWith(prefix)))
      }),
    )
  })

  test('a set of paths matches like pmatch with each path', () => {
    const part = fc.constantFrom('a', 'b', 'ab', '*', 'a*', '?')
    const path = fc.array(part, { maxLength: 4 }).map(parts => `/${parts.join('/')}`)
    fc.assert(
      fc.property(fc.array(path, { maxLength: 5 }), path, (paths, text) => {
        expect(new PathPrefixes(paths).test(text)).toBe(paths.some(p => holds('pmatch', 'text', text, p)))
      }),
      { numRuns: 3000 },
    )
  })

  test('texts compare in the order of their bytes', () => {
    const hex = (text: string) => Array.from(textToBytes(text), b => b.toString(16).padStart(2, '0')).join('')
    const wide = fc.string({
      unit: fc.constantFrom('a', 'b', '\u00e9', '\uffee', '\u{1f600}', '\u{10000}'),
      maxLength: 4,
    })
    fc.assert(
      fc.property(wide, wide, (a, b) => {
        expect(Math.sign(compareTexts(a, b))).toBe(hex(a) < hex(b) ? -1 : hex(a) > hex(b) ? 1 : 0)
      }),
      { numRuns: 3000 },
    )
  })
})

test('finds looks for a match anywhere in the text, without exponential backtracking', () => {
  expect(['/etc/a', '/b/etc', '/x'].map(text => new Regex('/etc').finds(text))).toEqual([true, true, false])
  expect(new Regex('^/etc').finds('/b/etc')).toBe(false)
  expect(new Regex('(a|aa)+$').finds(`${'a'.repeat(20_000)}!`)).toBe(false)
})
