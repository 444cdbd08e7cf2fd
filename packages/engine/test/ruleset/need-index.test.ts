/** The index of field values finds the same rules as testing each one. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fuzzed } from '../../../../scripts/testing/fuzz.ts'
import { Engine } from '../../src/engine/engine.ts'
import { defineSource, type MemoHolder } from '../../src/fields/field.ts'
import { Marks } from '../../src/ruleset/marks.ts'
import { TextIndex } from '../../src/ruleset/text-index.ts'

class File implements MemoHolder {
  memo: MemoHolder['memo'] = null
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

interface Act {
  readonly text: string | undefined
  readonly size: number | bigint | undefined
  readonly hosts: readonly string[]
  readonly tags: readonly string[]
  readonly body: Uint8Array
  readonly file: File
}

const source = defineSource<Act>({
  name: 'acts',
  time: () => 0n,
  scopes: { file: act => act.file },
  fields: {
    'act.text': { type: 'string', doc: 'd', extract: act => act.text },
    'act.size': { type: 'int64', doc: 'd', extract: act => act.size },
    'act.host': {
      type: 'ipaddr',
      anyOf: true,
      doc: 'd',
      extract: act => (act.hosts.length === 0 ? undefined : act.hosts),
    },
    'act.tags': { type: 'string', list: true, doc: 'd', extract: act => act.tags },
    'act.body': { type: 'bytes', doc: 'd', extract: act => act.body },
    'file.name': { type: 'path', scope: 'file', doc: 'd', extract: act => act.file.name },
  },
})

const PIECES = ['a', 'B', 'ab', 'Äb', '/', '/x', 'x.', 'b/a', '0', 'é', '😀']
const text = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 4 }).map(pieces => pieces.join(''))
const quoted = text.map(value => `"${value}"`)
const field = fc.constantFrom(
  ...['act.text', 'file.name', 'tolower(act.text)', 'toupper(file.name)', 'basename(act.text)'],
)
const plain = fc.constantFrom('act.text', 'file.name')
const list = fc.array(quoted, { minLength: 1, maxLength: 3 }).map(values => `(${values.join(', ')})`)
const bytes = fc.uint8Array({ minLength: 1, maxLength: 2, max: 0xff })
const hex = fc
  .oneof(bytes, fc.constantFrom(Uint8Array.of(0x41), Uint8Array.of(0xe9, 0x61)))
  .map(one => Array.from(one, byte => byte.toString(16).padStart(2, '0')).join(''))
const glob = fc
  .array(fc.constantFrom(...PIECES, '*', '?', '[ab]'), { minLength: 1, maxLength: 4 })
  .map(p => `"${p.join('')}"`)
const PARTS = ['a', 'B', '/x', '(a|b)', '[^/]', '[\\\\]a]', 'x*', 'b+', 'a?', '😀?', 'a{0,2}', '.', '\\\\.', '.*', '^']
const regex = fc.array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 5 }).map(pieces => `"${pieces.join('')}"`)
const number = fc.oneof(fc.integer({ min: -3, max: 12 }), fc.constantFrom(9007199254740991, -9007199254740991))
const host = fc.constantFrom('10.0.0.1', '10.0.1.7', '10.1.0.1', '192.168.0.9', '2001:db8::1', '2001:db8:1::2')
const network = fc.constantFrom(
  '10.0.0.0/8',
  '10.0.0.0/24',
  '10.0.1.0/31',
  '0.0.0.0/0',
  '2001:db8::/32',
  '2001:db8:1::/48',
  '10.0.0.1',
)

const check = fc.oneof(
  fc
    .tuple(field, fc.constantFrom('=', 'contains', 'icontains', 'startswith', 'endswith', '!='), quoted)
    .map(c => c.join(' ')),
  fc.tuple(fc.oneof(field, fc.constant('act.tags')), fc.constantFrom('in', 'intersects'), list).map(c => c.join(' ')),
  fc
    .tuple(field, fc.constantFrom('=', 'contains', 'startswith'), fc.constantFrom('oneof', 'anyof', 'allof'), list)
    .map(c => c.join(' ')),
  fc.tuple(fc.constantFrom('bcontains', 'bstartswith'), hex).map(([op, digits]) => `act.body ${op} ${digits}`),
  fc.tuple(plain, fc.constantFrom('glob', 'iglob'), glob).map(c => c.join(' ')),
  fc.tuple(plain, regex).map(([f, pattern]) => `${f} regex ${pattern}`),
  fc
    .tuple(plain, fc.array(text, { minLength: 1, maxLength: 2 }))
    .map(([f, list]) => `${f} pmatch (${list.map(t => `"/${t}"`).join(', ')})`),
  fc.tuple(fc.constantFrom('=', '<', '<=', '>', '>=', '!='), number).map(([op, n]) => `act.size ${op} ${n}`),
  fc.array(number, { minLength: 1, maxLength: 3 }).map(list => `act.size in (${list.join(', ')})`),
  fc.array(network, { minLength: 1, maxLength: 3 }).map(list => `act.host in (${list.join(', ')})`),
  fc.constant('act.text exists'),
)
const condition = fc.oneof(
  { weight: 4, arbitrary: check },
  { weight: 2, arbitrary: fc.tuple(check, check).map(([a, b]) => `${a} and ${b}`) },
  { weight: 2, arbitrary: fc.tuple(check, check).map(([a, b]) => `(${a} or ${b})`) },
  { weight: 1, arbitrary: fc.tuple(check, check).map(([a, b]) => `${a} and not ${b}`) },
)
const act = fc.record({
  text: fc.option(text, { nil: undefined, freq: 9 }),
  size: fc.oneof(fc.constant(undefined), number, fc.constantFrom(3n, 9007199254740993n, -9007199254740993n)),
  hosts: fc.array(host, { maxLength: 2 }),
  tags: fc.array(text, { maxLength: 3 }),
  body: fc.oneof(
    fc.array(bytes, { maxLength: 4 }).map(parts => Uint8Array.from(parts.flatMap(part => [...part]))),
    fc.constant(new TextEncoder().encode('aAéb')),
  ),
  file: text.map(name => new File(`/${name}`)),
})

function play(
  conditions: readonly string[],
  acts: readonly Act[],
  index: boolean,
  ruleMatching: 'first' | 'all',
): string[] {
  const engine = new Engine({ sources: [source], ruleMatching, tuning: { index, memo: index } })
  const rules = conditions.map((text, i) => ({
    ...{ rule: `r${i}`, desc: 'd', condition: text, output: 'o', priority: 'INFO', source: 'acts' },
  }))
  const report = engine.load([{ name: 'rules.yaml', content: JSON.stringify(rules) }])
  expect(report.errors).toEqual([])
  for (const { file } of acts) file.memo = null
  // Twice: the second time, sets of rules are cached.
  return [...acts, ...acts].map(one =>
    engine
      .evaluate(source, one)
      .map(({ rule }) => rule)
      .join(' '),
  )
}

const ask = (text: string | undefined, file = new File('/f')): Act => ({
  ...{ text, size: 1, hosts: [], tags: [], body: new Uint8Array(0), file },
})

test('among hundreds of values of one field, each finds its rule, and other values find none', () => {
  const names = Array.from({ length: 400 }, (_, i) => `/srv/${'x'.repeat(i % 23)}app${i}/index`)
  const conditions = names.map(name => `act.text = ${name}`)
  const others = [...names.flatMap(name => [name.slice(1), `${name}x`, name.replace('app', 'apq')]), '', undefined]
  const acts = (values: readonly (string | undefined)[]) => values.map(value => ask(value))
  expect(play(conditions, acts(names), true, 'all').slice(0, 400)).toEqual(names.map((_, i) => `r${i}`))
  expect(new Set(play(conditions, acts(others), true, 'all'))).toEqual(new Set(['']))
})

test('an optional character beyond U+FFFF in a regular expression may be missing', () => {
  const others = ['one', 'two', 'three', 'four', 'five']
  const conditions = ['foo😀?bar', ...others].map(pattern => `act.text regex "${pattern}"`)
  const acts = ['foobar', 'foo😀bar', 'five', 'foo'].map(value => ask(value))
  expect(play(conditions, acts, true, 'all').slice(0, 4)).toEqual(['r0', 'r0', 'r5', ''])
})

test('a bracket may be escaped in a class of a regular expression', () => {
  const others = ['one', 'two', 'three', 'four', 'five']
  const conditions = ['a[\\\\]x]b', ...others].map(pattern => `act.text regex "${pattern}"`)
  const acts = ['axb', 'a]b', 'ayb'].map(value => ask(value))
  expect(play(conditions, acts, true, 'all').slice(0, 3)).toEqual(['r0', 'r0', ''])
})

test('a list may have more items than a call may have arguments', () => {
  const items = Array.from({ length: 130_000 }, (_, i) => `n${i}`)
  const others = Array.from({ length: 20 }, (_, i) => `act.text contains t${i} and act.size = ${i}`)
  const conditions = [...others, `act.text in (${items.join(', ')}) and act.size = 1`]
  expect(play(conditions, [ask('n7'), ask('m')], true, 'all').slice(0, 2)).toEqual(['r20', ''])
})

test('a table of sets that is full when the last step needs one changes no alert', () => {
  const letters = Array.from('abcdefghijklmnopqrst')
  // Every other condition is found by a value, too.
  const rest = (c: string) => ` and act.text regex "${c}.+"`
  const conditions = letters.map((c, i) => `file.name contains ${c}${i % 2 === 0 ? '' : rest(c)}`)
  const few = ['']
  for (let i = 0; few.length < 4095; i++)
    if (few[i]!.length < 4) few.push(...letters.filter(c => c > few[i]!.slice(-1)).map(c => few[i]! + c))
  // Files whose names have up to four letters leave too few conditions for that step. The table holds 4096 sets: the second file with more
  // gets the number that the first one had.
  const names = [...few.slice(0, 4095), 'acegi', ...few.slice(0, 4093), 'kmoqs']
  const acts = names.map(name => ask('', new File(name)))
  expect(play(conditions, acts, true, 'all').at(-1)).toBe('r10 r12 r14 r16 r18')
})

test.each(['first', 'all'] as const)('the index changes no alert, rule matching %s', { timeout: 0 }, matching => {
  fc.assert(
    fc.property(
      fc.array(condition, { minLength: 30, maxLength: 120 }),
      fc.array(act, { minLength: 1, maxLength: 20 }),
      (conditions, acts) => {
        expect(play(conditions, acts, true, matching)).toEqual(play(conditions, acts, false, matching))
      },
    ),
    fuzzed(40),
  )
})

describe('texts in a text', () => {
  test('are found wherever they begin, even inside each other', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), text, text, (texts, a, b) => {
        const value = a + b
        const marks = new Marks(texts.length)
        new TextIndex(texts.map((one, i) => [one, i] as const)).find(value, marks)
        const count = marks.list()
        const found = [...marks.listed.subarray(0, count)]
        for (const [i, one] of texts.entries())
          if (value.toLowerCase().includes(one.toLowerCase())) expect(found).toContain(i)
      }),
      fuzzed(300),
    )
  })
})
