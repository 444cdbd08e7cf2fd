import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readCases } from '../../../scripts/testing/cases.ts'
import { printCondition } from '../../engine/src/analysis.ts'
import { Engine } from '../../engine/src/index.ts'
import { FormatError, format, formatFile } from '../src/index.ts'
import { SOURCES } from './sources.ts'

const root = resolve(import.meta.dirname, '../../..')

/** What a rules file means, whatever its layout. */
function meaning(content: string) {
  const { rules, result } = new Engine({ sources: SOURCES }).analyse([{ name: 'rules.yaml', content }])
  return {
    errors: result.errors.map(({ code }) => code),
    lists: result.lists,
    macros: result.macros.map(({ name }) => name),
    rules: rules.map(({ rule, output }) => {
      const { name, desc, priority, tags, exceptions, source, enabled } = rule
      const kinds = exceptions.map(({ fields, comps, values }) => ({ fields, comps, values }))
      return { name, desc, priority, tags, source, enabled, output, condition: printCondition(rule.condition), kinds }
    }),
  }
}

const commentsIn = (text: string) => (text.match(/#.*$/gm) ?? []).map(comment => comment.trimEnd()).sort()

describe.each(readCases(new URL('cases/fmt/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const rules = `${one.text('rules')}\n`
    let text: string
    try {
      text = format(rules)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      one.expect('formatted', `${error.line}:${error.column}: ${error.message}`)
      return
    }
    one.expect('formatted', text)
    expect(format(text)).toBe(text)
    expect(meaning(text)).toEqual(meaning(rules))
    expect(commentsIn(text)).toEqual(commentsIn(rules))
  })
})

const files = [
  ...['rules/syscall.yaml', 'rules/k8s_audit.yaml'],
  ...readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
    .filter(name => /rules[^/]*\.ya?ml$/.test(name) && !name.includes('node_modules'))
    .map(name => `examples/${name}`),
]

test.each(files)('%s: formatting changes neither meaning nor comments, and is idempotent', name => {
  const content = readFileSync(join(root, name), 'utf8')
  const text = format(content)
  expect(meaning(text)).toEqual(meaning(content))
  expect(commentsIn(text)).toEqual(commentsIn(content))
  expect(format(text)).toBe(text)
})

const check = fc.constantFrom(
  ...[
    'proc.name = a',
    'proc.name in ( a,b , "c d" )',
    "fd.name startswith '/etc/'",
    'evt.arg[ 0 ] = "x, y"',
    'proc.aname[2]=c',
  ],
  ...[
    'evt.type in (open,openat,openat2,openat,creat,open_by_handle_at)',
    'tolower(proc.name) = b',
    'proc.args contains "a # b"',
  ],
)
const blank = fc.constantFrom(' ', '  ', '\n  ', '\t')
const { condition } = fc.letrec<{ condition: string }>(tie => ({
  condition: fc.oneof(
    { maxDepth: 5 },
    check,
    fc.tuple(blank, tie('condition')).map(([space, one]) => `not${space}(${one})`),
    fc
      .tuple(fc.constantFrom('and', 'or'), blank, fc.array(tie('condition'), { minLength: 2, maxLength: 5 }))
      .map(([word, space, parts]) => `(${parts.join(`${space}${word} `)})`),
  ),
}))

test('formatting keeps the meaning of random conditions in random styles', () => {
  const style = fc.constantFrom('literal', 'folded', 'quoted')
  fc.assert(
    fc.property(condition, style, fc.boolean(), (text, how, bare) => {
      const own = bare && text.startsWith('(') && !text.slice(1, -1).includes('(') ? text.slice(1, -1) : text
      const block = own.replaceAll('\n', '\n   ').replaceAll('\t', ' ')
      const written = how === 'quoted' ? JSON.stringify(own) : `${how === 'literal' ? '|' : '>'}\n    ${block}`
      const rules = `- rule: R\n  priority: INFO\n  condition: ${written}\n  output: o # c\n  desc: d\n`
      const formatted = format(rules)
      expect(meaning(formatted)).toEqual(meaning(rules))
      expect(format(formatted)).toBe(formatted)
    }),
    { numRuns: 300 },
  )
})

test('a text that looks like one of the formatter’s placeholders is left unchanged', () => {
  const text =
    '- rule: R\n  desc: falc\ue0000\ue001 falc\ue0007\ue001\n  condition: evt.type = open and proc.name = a\n'
  expect(format(text)).toBe(text)
})

test('a byte order mark stays', () => {
  expect(formatFile('\ufeff- list: a\n  items:   [x]\n')).toBe('\ufeff- list: a\n  items: [x]\n')
})

test('a comment left of the items of a list in another object does not move the items', () => {
  const text =
    'spec:\n  inlineRules:\n    - list: a\n      items: [x]\n# about b\n    - list: b\n      items: [y]\n  priority: 50\n'
  const formatted = formatFile(text)
  expect(parse(formatted)).toEqual(parse(text))
  expect(formatted).toMatch(/^ *# about b\n *- list: b$/m)
})
