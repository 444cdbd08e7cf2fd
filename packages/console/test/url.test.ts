/** What the page puts into its address, and into conditions. */
import { alerts, compileCondition, parseCondition } from '@falc/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { visible } from '../src/web/hostile.ts'
import { checkOf, hashOf, narrowed, RANGES, START, viewOf } from '../src/web/url.ts'
import { alert } from './start.ts'

const text = fc.string({ unit: 'binary', maxLength: 300 })

test('an address shows what it was made for', () => {
  const view = fc.record({
    screen: fc.constantFrom('now' as const, 'alerts' as const),
    ...{
      filter: text,
      q: text,
      range: fc.constantFrom(...RANGES.map(([, ms]) => ms)),
      open: fc.constantFrom('', 'abcd1234'),
    },
  })
  fc.assert(fc.property(view, one => void expect(viewOf(hashOf(one))).toEqual(one)))
  expect(viewOf('#/nonsense?range=5&open=<script>')).toEqual(START)
})

test('a click on a value finds the alerts that have it, whatever it is', () => {
  const source = alerts()
  fc.assert(
    fc.property(
      fc.oneof(text, fc.constantFrom('\\', 'a\\', '"', "'", 'a\0b', '\u001b[2J', 'é'.repeat(200), ') or (x = y')),
      value => {
        const condition = narrowed('alert.rule exists', 'proc.name', value)
        parseCondition(condition)
        expect(compileCondition(condition, source).test(alert(1, { output_fields: { 'proc.name': value } }))).toBe(true)
        if (value.length < 60 && !value.includes('\0')) expect(checkOf('proc.name', value)).toMatch(/^proc\.name = /)
      },
    ),
  )
})

test('nothing invisible is left of a text', () => {
  fc.assert(fc.property(text, one => void expect(visible(one)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)))
  expect(visible('a\u202e\u001b[2J\u2028')).toBe('a\\u202e\\u001b[2J\\u2028')
})
