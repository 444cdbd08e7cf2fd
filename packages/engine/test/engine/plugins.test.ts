import { expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { EngineOptions } from '../../src/engine/options.ts'
import { defineSource, type SourceDef } from '../../src/fields/field.ts'
import { loadRuleset } from '../../src/runtime.ts'

const calls = (more: Partial<SourceDef<object>> = {}) =>
  defineSource<object>({
    name: 'syscall',
    fields: { 'proc.name': { type: 'string', doc: 'who', extract: () => 'sh' } },
    ...more,
  })

const RULES = `
- required_plugin_versions: [{name: container, version: 0.4.0}]
- rule: In a container or new
  desc: d
  condition: proc.name = sh and not container.start_ts > 5 and not container.mount[/etc] exists
  output: '%proc.name %container.id %k8s.ns.name'
  priority: INFO
`
const container = { name: 'container', version: '0.7.1' }

function load(options: EngineOptions, content = RULES) {
  const engine = new Engine(options)
  const report = engine.load([{ name: 'r.yaml', content }])
  return { engine, report, messages: report.errors.map(({ message }) => message) }
}

test('rules may use the fields of a declared plugin; those that the source lacks are absent', () => {
  const source = calls()
  const { engine, messages } = load({ sources: [source], plugins: [container] })
  expect(messages).toEqual([])
  expect(engine.evaluate(source, {}).map(alert => alert.message)).toEqual(['sh <NA> <NA>'])
  const saved = loadRuleset(engine.save(), { sources: [source] })
  expect(saved.evaluate(source, {}).map(alert => alert.message)).toEqual(['sh <NA> <NA>'])
})

test("a source's own declaration of a field takes precedence over the plugin's", () => {
  const source = calls({
    fields: { ...calls().fields, 'container.id': { type: 'string', doc: 'id', extract: () => 'c1' } },
  })
  const { engine } = load({ sources: [source], plugins: [container] })
  expect(engine.evaluate(source, {}).map(alert => alert.message)).toEqual(['sh c1 <NA>'])
})

test('without the plugin, requiring it and using its fields are errors', () => {
  const { messages } = load({ sources: [calls()] })
  expect(messages).toEqual([
    "Plugin requirement not satisfied, must load one of: 'container' (>= 0.4.0); none is loaded",
    'filter_check called with nonexistent field container.start_ts',
    'unknown filter: nonexistent field container.id',
  ])
})

test('fields of a known plugin exist only in the source that it extends', () => {
  const content = RULES.replace(/priority.*/, 'priority: INFO\n  source: other')
  const { messages } = load({ sources: [{ ...calls(), name: 'other' }], plugins: [container] }, content)
  expect(messages).toEqual([
    'filter_check called with nonexistent field container.start_ts',
    'unknown filter: nonexistent field container.id',
  ])
})

test('sources declare the plugins that they replace; the option adds plugins and overrides versions', () => {
  const sources = [calls({ plugins: [container] })]
  expect(load({ sources }).messages).toEqual([])
  expect(load({ sources, plugins: [{ name: 'json', version: '0.7.0' }] }).messages).toEqual([])
  expect(load({ sources, plugins: [{ name: 'container', version: '0.3.0' }] }).messages).toEqual([
    "Plugin requirement not satisfied, must load one of: 'container' (>= 0.4.0); loaded: container 0.3.0",
  ])
})

test('deprecated fields of a plugin load with a warning', () => {
  const { report } = load(
    { sources: [calls({ plugins: [container] })] },
    RULES.replace('container.start_ts > 5', 'k8s.rs.name = a'),
  )
  expect(report.warnings.flatMap(w => w.deprecated_field ?? [])).toEqual(['k8s.rs.name'])
})

test('the warning about a deprecated field in a macro shows its place in the macro', () => {
  const content = `- macro: scaled
  condition: proc.name = sh or k8s.rs.name = a
- rule: R
  desc: d
  condition: scaled
  output: o
  priority: INFO
`
  const { report } = load({ sources: [calls({ plugins: [container] })] }, content)
  const warning = report.warnings.find(w => w.deprecated_field)!
  expect(warning.locations.at(-1)).toMatchObject({ item_name: 'scaled', position: { line: 2, column: 32 } })
  expect(warning.snippet).toContain(`in macro 'scaled':
  condition: proc.name = sh or k8s.rs.name = a
                               ^^^^^^^^^^^
`)
})
