/** Node without the data of other languages still runs, and everything that does not depend on a language gives the same results. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NODE } from './files.ts'
import { trimIcu } from './icu.ts'

const whole = resolve(import.meta.dirname, '../..', NODE)

describe.skipIf(process.platform !== 'linux')('Node with the data of English only', () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-icu-'))
  const node = join(work, 'node')
  beforeAll(() => {
    copyFileSync(whole, node)
    trimIcu(node)
  })
  afterAll(() => rmSync(work, { recursive: true }))

  const evaluate = (program: string, expression: string, locale: string) =>
    execFileSync(program, ['-p', `JSON.stringify(${expression})`], {
      encoding: 'utf8',
      env: { LC_ALL: locale, TZ: 'Asia/Tokyo' },
    }).trim()

  test('is at least a fifth smaller', () => {
    expect(statSync(node).size / statSync(whole).size).toBeLessThan(0.8)
  })

  test.each(['C', 'de_DE.UTF-8', 'zh_CN.UTF-8'])('gives the same results as with all data in the locale %s', locale => {
    const expressions = [
      // The zone's name, which follows, is in English or a number.
      'new Date(0).toString().slice(0, 33)',
      "new Date(0).toLocaleString('en-GB', { timeZone: 'Europe/Berlin', timeZoneName: 'long' })",
      "new Intl.NumberFormat('en-IN').format(1e7)",
      "['ﬁ'.normalize('NFKC'), 'e\\u0301'.normalize('NFC'), 'ß'.toUpperCase(), 'İ'.toLowerCase()]",
      "['ä', 'z', 'a', 'Z'].sort((a, b) => a.localeCompare(b, 'en'))",
      "/^\\p{Script=Greek}+$/u.test('αβγ')",
      "['utf-8', 'utf-16le', 'latin1'].map(name => new TextDecoder(name).decode(Uint8Array.of(97, 0xe4, 98, 0)))",
      "new URL('http://münchen.example/').host",
      "[...new Intl.Segmenter('en', { granularity: 'word' }).segment('one two')].length",
      "Intl.supportedValuesOf('timeZone').length",
      'typeof Intl.DateTimeFormat().resolvedOptions().locale',
    ]
    const all = `[${expressions.join(', ')}]`
    expect(evaluate(node, all, locale)).toBe(evaluate(whole, all, locale))
  })

  test('formats dates for other languages in English', () => {
    const expression =
      "[new Date(0).toLocaleDateString('de', { dateStyle: 'full' }), Intl.Collator.supportedLocalesOf(['de', 'en-GB'])]"
    expect(evaluate(node, expression, 'C')).toBe('["Thursday, January 1, 1970",["en-GB"]]')
  })

  test('trimming again changes nothing; programs other than Node are refused', () => {
    const { size } = statSync(node)
    trimIcu(node)
    expect([statSync(node).size, evaluate(node, '1', 'C')]).toEqual([size, '1'])
    const other = join(work, 'other')
    copyFileSync('/bin/true', other)
    expect(() => trimIcu(other)).toThrow("the program has no data of ICU's")
    writeFileSync(other, '#!/bin/sh\n'.padEnd(80))
    expect(() => trimIcu(other)).toThrow('not a 64-bit little-endian ELF program')
  })
})
