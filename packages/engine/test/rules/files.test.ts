import { expect, test } from 'vitest'
import { printCondition } from '../../src/condition/print.ts'
import { formatSummary, resultToJSON } from '../../src/text/report.ts'
import { load as loadFiles } from './checks.ts'

const rule = (name: string, condition: string, more = '') =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: x\n  priority: NOTICE\n${more}`

const load = (files: readonly string[], options: Parameters<typeof loadFiles>[1] = {}) =>
  loadFiles(
    files.map((content, i) => ({ name: `${i + 1}.yaml`, content })),
    options,
  )

const enabled = (files: readonly string[], options: Parameters<typeof loadFiles>[1]) =>
  load(files, options).rules.flatMap(({ name, enabled }) => (enabled ? [name] : []))

test('a later file changes rules of an earlier one', () => {
  const { ok, rules } = load([
    `- macro: m\n  condition: proc.name = a\n${rule('A', 'm')}`,
    '- macro: m\n  condition: proc.name = b\n',
    '- rule: A\n  condition: and fd.num > 3\n  override:\n    condition: append\n',
  ])
  expect(ok).toBe(true)
  expect(rules.map(({ condition }) => printCondition(condition))).toEqual(['(proc.name = b and fd.num > 3)'])
})

test('a file may not use a macro that only a later file defines', () => {
  const { ok, errors, rules } = load([rule('A', 'm'), '- macro: m\n  condition: proc.name = a\n'])
  expect(ok).toBe(false)
  expect(rules).toEqual([])
  expect(errors.map(e => [e.message, e.locations[0]!.position.name])).toEqual([
    ["Undefined macro 'm' used in filter.", '1.yaml'],
  ])
})

test('each warning is reported once', () => {
  const { files } = load(['- list: l\n  items: [a]\n', rule('A', 'proc.name in (l)'), rule('B', 'evt.dir = <')])
  expect(files.map(({ warnings }) => warnings.map(w => w.code))).toEqual([
    ['LOAD_UNUSED_LIST'],
    [],
    ['LOAD_DEPRECATED_ITEM'],
  ])
})

test('later files are read after an error', () => {
  const { errors } = load(['- rule: A\n', '- list: [x\n', rule('B', 'm')])
  expect(errors.map(e => e.code)).toEqual(['LOAD_ERR_YAML_VALIDATE', 'LOAD_ERR_YAML_PARSE'])
})

test('errors that follow from an unreadable file are not reported', () => {
  const update = '- rule: A\n  condition: and m\n  override:\n    condition: append\n'
  const typed = rule('C', 'fd.nam in (l) and proc.name = a')
  const { errors } = load(['- macro: [m\n', update + rule('B', 'm and proc.name in (l)') + typed])
  expect(errors.map(e => e.code)).toEqual(['LOAD_ERR_YAML_PARSE', 'LOAD_ERR_COMPILE_CONDITION'])
  expect(errors[1]!.message).toContain('fd.nam')
})

test('an error is not repeated for later files', () => {
  const { files } = load([rule('A', 'proc.nam = a'), '- rule: A\n  enabled: false\n', rule('B', 'proc.nam = a')])
  expect(files.map(({ errors }) => errors.length)).toEqual([1, 0, 1])
})

test('a new, valid definition replaces a failed one for later items', () => {
  const { ok, errors } = load([
    '- macro: m\n',
    `- macro: m\n  condition: proc.name = a\n${rule('A', 'm and fd.nam = b')}`,
  ])
  expect(ok).toBe(false)
  expect(errors.map(e => e.code)).toEqual(['LOAD_ERR_YAML_VALIDATE', 'LOAD_ERR_COMPILE_CONDITION'])
})

test('with errors, an item that may be used is not reported as unused', () => {
  const definitions = '- macro: m\n  condition: proc.name = a\n- macro: n\n  condition: proc.name = a\n'
  const unused = (second: string) =>
    load([definitions, second]).warnings.flatMap(w =>
      w.code === 'LOAD_UNUSED_MACRO' ? w.locations.at(-1)!.item_name : [],
    )
  expect(unused(rule('A', 'n and fd.num > 3 and'))).toEqual(['m'])
  expect(unused('- rule: A\n  condition: [m, n\n')).toEqual([])
})

test('all missing plugins are reported', () => {
  const file = ['json', 'k8saudit'].map(name => `    - name: ${name}\n      version: 0.7.0\n`).join('')
  expect(load([`- required_plugin_versions:\n${file}`]).errors).toHaveLength(2)
})

test('rules that a file does not affect are not resolved again', () => {
  const first = `- list: l\n  items: [a]\n- macro: m\n  condition: proc.name in (l)\n${rule('A', 'm')}${rule('B', 'proc.name = b')}${rule('D', 'proc.name in (x)')}`
  const { states } = load([
    first,
    rule('C', 'm'),
    '- list: l\n  items: [c]\n  override:\n    items: append\n',
    '- list: x\n  items: [y]\n',
  ])
  const isNew = states.map((rules, i) =>
    [...rules.values()].flatMap(r => (states[i - 1]?.get(r.name) === r ? [] : r.name)),
  )
  expect(isNew).toEqual([['A', 'B', 'D'], ['C'], ['A', 'C'], ['D']])
})

test('selection by name, wildcard and tag: the last match decides', () => {
  const files = [
    rule('abab', 'proc.name = a', '  tags: [x, y]\n') +
      rule('b', 'proc.name = b', '  tags: [y]\n') +
      rule('c', 'proc.name = c', '  enabled: false\n'),
  ]
  expect(enabled(files, {})).toEqual(['abab', 'b'])
  expect(enabled(files, { ruleSelection: [{ op: 'disable', rule: '*' }] })).toEqual([])
  expect(enabled(files, { ruleSelection: [{ op: 'disable', rule: '*ab' }] })).toEqual(['b'])
  expect(enabled(files, { ruleSelection: [{ op: 'disable', rule: 'a' }] })).toEqual(['abab', 'b'])
  expect(enabled(files, { ruleSelection: [{ op: 'enable', rule: 'c' }] })).toEqual(['abab', 'b', 'c'])
  expect(
    enabled(files, {
      ruleSelection: [
        { op: 'disable', tag: 'y' },
        { op: 'enable', tag: 'x' },
      ],
    }),
  ).toEqual(['abab'])
  expect(enabled(files, { ruleSelection: [{ op: 'disable', tag: 'y', rule: 'b*' }] })).toEqual(['abab'])
})

test('rules below the priority are not enabled', () => {
  const files = [rule('A', 'proc.name = a') + rule('B', 'proc.name = b').replace('NOTICE', 'error')]
  expect(enabled(files, { priority: 'Warning' })).toEqual(['B'])
  expect(enabled(files, { priority: 'Notice' })).toEqual(['A', 'B'])
  expect(load(files, { priority: 'Warning' }).rules.map(r => r.belowPriority)).toEqual([true, false])
})

test('required plugins: same major version, not older, or an alternative', () => {
  const file =
    '- required_plugin_versions:\n    - name: json\n      version: 0.7.0\n      alternatives:\n        - name: json2\n          version: 1.2.0\n'
  const ok = (name: string, version: string) => load([file], { plugins: [{ name, version }] }).ok
  expect([ok('json', '0.7.0'), ok('json', '0.8.1'), ok('json2', '1.3.0')]).toEqual([true, true, true])
  expect([ok('json', '0.6.9'), ok('json', '1.0.0'), ok('json2', '0.7.0'), ok('yaml', '9.0.0')]).toEqual([
    false,
    false,
    false,
    false,
  ])
})

test.for([
  ['26', true],
  ['0.26.0', true],
  ['63', true],
  ['64', false],
  ['0.63.1', false],
  ['1.0.0', false],
])('required engine version %s', ([version, fits]) => {
  expect(load([`- required_engine_version: ${version}\n`]).ok).toBe(fits)
})

test("a file's result as a summary and as JSON", () => {
  const [result] = load(['- list: l\n  items: [a]\n  itmes: [b]\n']).files
  expect(formatSummary(result!)).toBe(
    '1.yaml: Ok, with warnings\n 2 warnings: [LOAD_UNKNOWN_KEY (Unknown key in item definition) LOAD_UNUSED_LIST (Unused list)]',
  )
  expect(resultToJSON(result!)).toMatchObject({
    name: '1.yaml',
    successful: true,
    schema_valid: 'failed',
    errors: [],
    warnings: [
      {
        code: 'LOAD_UNKNOWN_KEY',
        codedesc: 'Unknown key in item definition',
        context: {
          locations: [
            { item_type: 'rules content', item_name: '', position: { name: '1.yaml', line: 1, column: 1, offset: 0 } },
            { item_type: 'list', item_name: 'l' },
            { item_type: 'value for', item_name: 'itmes', position: { line: 3, column: 3, offset: 25 } },
          ],
          snippet: '  itmes: [b]\n  ^^^^^\n',
        },
      },
      { code: 'LOAD_UNUSED_LIST' },
    ],
  })
})
