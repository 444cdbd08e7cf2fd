import { expect, test } from 'vitest'
import { cpuOf } from '../../../../scripts/testing/cost.ts'
import { load } from './checks.ts'

const rule = (condition: string, name = 'r') =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: x\n  priority: INFO\n`
const items = (count: number, item: (i: number) => string) => Array.from({ length: count }, (_, i) => item(i)).join('')

/** Files that would be expensive to load without limits, and the expected error; undefined: no error. */
const CASES: Record<string, { content: string; message: RegExp | undefined }> = {
  'deep flow sequences': { content: '['.repeat(100_000), message: /nested/ },
  'deep block sequences': { content: `${'- '.repeat(20_000)}x`, message: /nested/ },
  'aliases of aliases': {
    content: `- list: a\n  items: &a0 [x,x,x,x,x,x,x,x,x,x]\n${items(8, i => `- list: b${i}\n  items: &a${i + 1} [${Array(10).fill(`*a${i}`).join(',')}]\n`)}`,
    message: /aliases stand for more than/,
  },
  'a thousand documents': { content: '---\n'.repeat(1000), message: undefined },
  'many parentheses': { content: rule('('.repeat(100_000)), message: /exceeded max depth limit of 100/ },
  'many transformers': { content: rule('tolower('.repeat(100_000)), message: /exceeded max depth limit of 100/ },
  'many nots': { content: rule(`${'not '.repeat(100_000)}proc.name = a`), message: undefined },
  'many quotes': { content: rule(`>\n    proc.name = ${'"'.repeat(100_001)}`), message: /unexpected token after '""'/ },
  'quotes behind backslashes': {
    content: rule(`|\n    proc.name = ${`'\\`.repeat(100_000)}`),
    message: /without an end/,
  },
  'a long list': {
    content: `- list: l\n  items:\n${items(20_000, i => `    - 10.0.${i >> 8}.${i & 255}\n`)}${rule('fd.name in (l)')}`,
    message: undefined,
  },
  'lists that double': {
    content: `- list: l0\n  items: [a, b]\n${items(40, i => `- list: l${i + 1}\n  items: [l${i}, l${i}]\n`)}${rule('proc.name in (l40)')}`,
    message: /List is too long/,
  },
  'lists that double by forward references': {
    content: `${items(40, i => `- list: l${i}\n  items: [l${i + 1}, l${i + 1}]\n`)}${rule('proc.name in (l0)')}`,
    message: /List is too long/,
  },
  'a long chain of lists': {
    content: `${items(5000, i => `- list: l${i}\n  items: [l${i + 1}]\n`)}${rule('proc.name in (l0)')}`,
    message: /Lists are nested deeper/,
  },
  'lists that each include the one before': {
    content: `- list: l0\n  items: [a]\n${items(20_000, i => `- list: l${i + 1}\n  items: [l${i}, x]\n`)}${rule('proc.name in (l9)')}`,
    message: /Lists in lists have more than/,
  },
  'exceptions of a million rows': {
    content: `${rule('proc.name = a')}  exceptions:\n    - name: e\n      fields: proc.name\n      values: [${'[a],'.repeat(1_000_000)}]\n`,
    message: /the file has more than 1000000 parts/,
  },
  'a flow sequence of a million items': {
    content: `- list: l\n  items: [${'a,'.repeat(1_000_000)}]\n`,
    message: /the file has more than 1000000 parts/,
  },
  'a hundred thousand equal keys on one line': {
    content: `- macro: m\n  condition: proc.name = a\n  x: {${'a,'.repeat(100_000)}}\n`,
    message: undefined,
  },
  'a text of a million words': {
    content: `- macro: m\n  condition: proc.name = a\n  x: |\n    ${'a, '.repeat(1_000_000)}\n`,
    message: undefined,
  },
  'exceptions of many fields and rows': {
    content: `${rule('proc.name = a')}  exceptions:
    - name: e
      fields: [${Array(1000).fill('proc.name').join(',')}]
      values:\n${items(300, () => `        - [${Array(1000).fill('a').join(',')}]\n`)}`,
    message: /condition with its exceptions has more than/,
  },
  'macros that double': {
    content: `- macro: m0\n  condition: proc.name = a\n${items(40, i => `- macro: m${i + 1}\n  condition: m${i} or m${i}\n`)}${rule('m40')}`,
    message: /Condition is too large/,
  },
  'a long chain of macros': {
    content: `- macro: m0\n  condition: proc.name = a\n${items(3000, i => `- macro: m${i + 1}\n  condition: not m${i}\n`)}${rule('m3000')}`,
    message: /Condition is too large/,
  },
  'a rule appended to a thousand times': {
    content:
      rule('proc.name = a') +
      items(1000, () => '- rule: r\n  condition: or proc.name = b\n  override:\n    condition: append\n'),
    message: undefined,
  },
}

/** What a file of 500 simple rules costs. */
const plain = items(500, i => rule('proc.name = a and not fd.name in (b, c)', `r${i}`))
const ordinary = cpuOf(() => expect(load([{ name: 'plain.yaml', content: plain }]).ok).toBe(true))

test.for(Object.entries(CASES))('%s', ([, { content, message }]) => {
  const cost = cpuOf(() => {
    const { ok, errors } = load([{ name: 'big.yaml', content }])
    if (message) expect(errors[0]?.message).toMatch(message)
    else expect(ok).toBe(true)
  }, 1)
  expect(cost / ordinary).toBeLessThan(50)
})

test('a large file reports fewer errors, since each one costs another reading', () => {
  const broken = items(12, i => `- rule: broken ${i}\n  desc: [d\n`)
  const errors = (around: number) =>
    load([{ name: 'rules.yaml', content: `${items(around, i => rule('proc.name = a', `r${i}`))}${broken}` }]).errors
      .length
  expect(errors(100)).toBe(10)
  expect(errors(12_000)).toBe(3)
  expect(errors(30_000)).toBe(1)
})
