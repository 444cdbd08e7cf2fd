/** What the page puts into its address, and into conditions. */
import { alerts, compileCondition, parseCondition } from '@falc/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ancestryOf } from '../src/web/ancestry.ts'
import { visible } from '../src/web/hostile.ts'
import { checkOf, hashOf, narrowed, RANGES, SCREENS, START, viewOf } from '../src/web/url.ts'
import { alert } from './start.ts'

const text = fc.string({ unit: 'binary', maxLength: 300 })

test('an address restores the view that it was made from, and invalid parts are ignored', () => {
  const span = fc
    .tuple(fc.nat(1e12), fc.integer({ min: 1, max: 1e12 }))
    .map(([from, length]) => [from + 1, from + 1 + length])
  const view = fc
    .record({
      ...{ screen: fc.constantFrom(...SCREENS), filter: text, q: text, state: text, assignee: text, silenced: text },
      ...{ group: text, columns: text, rule: text, link: text, open: fc.constantFrom('', 'abcd1234') },
      range: fc.constantFrom(...RANGES.map(([, ms]) => ms)),
      span: fc.oneof(fc.constant([0, 0]), span),
    })
    .map(({ span: [from, to], ...rest }) => ({ ...rest, from: from!, to: to! }))
  fc.assert(fc.property(view, one => void expect(viewOf(hashOf(one))).toEqual(one)))
  expect(viewOf('#/nonsense?range=5&open=<script>&from=9&to=3')).toEqual(START)
})

test('a click on a value selects the alerts that have it, whatever the value is', () => {
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

test('a namespace matches containers and audit events, and a tag matches one of several', () => {
  const source = alerts()
  const holds = (condition: string, change: Partial<ReturnType<typeof alert>>) =>
    compileCondition(condition, source).test(alert(1, change))
  const inShop = narrowed('', 'namespace', 'shop')
  expect(holds(inShop, { output_fields: { 'k8s.ns.name': 'shop' } })).toBe(true)
  expect(holds(inShop, { output_fields: { 'ka.target.namespace': 'shop' } })).toBe(true)
  expect(holds(inShop, { output_fields: { 'k8s.ns.name': 'other' } })).toBe(false)
  expect(holds(narrowed('', 'alert.tags', 'b', true), { tags: ['a', 'b'] })).toBe(true)
})

test('the ancestors of a process are listed oldest first', () => {
  const fields = { 'proc.name': 'sh', 'proc.pname': 'nginx', 'proc.aname[2]': 'systemd', 'proc.pcmdline': 'nginx -g x' }
  expect(ancestryOf(fields).map(({ name }) => name)).toEqual(['systemd', 'nginx', 'sh'])
  expect(ancestryOf(fields)[1]!.details).toEqual([['proc.pcmdline', 'nginx -g x']])
  expect(ancestryOf({ 'proc.name': 'sh' })).toEqual([])
})

test('invisible characters of a text are escaped', () => {
  fc.assert(fc.property(text, one => void expect(visible(one)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)))
  expect(visible('a\u202e\u001b[2J\u2028')).toBe('a\\u202e\\u001b[2J\\u2028')
})
