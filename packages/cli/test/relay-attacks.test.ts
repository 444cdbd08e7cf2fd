/** Hostile alerts sent to the relay: what they can cost, and what they can forge on its metrics page. */
import { type AlertData, parseAlert } from '@falc/engine'
import { expect, test } from 'vitest'
import { enricher } from '../src/relay/enrich.ts'
import { RelayCounts } from '../src/relay/page.ts'
import type { SidekickConfig } from '../src/relay/sidekick/config.ts'

const alert = (change: Record<string, unknown> = {}): AlertData =>
  parseAlert(
    JSON.stringify({
      ...{ rule: 'r', priority: 'Warning', time: '2026-05-04T10:20:30Z', output: 'o', output_fields: {} },
      ...change,
    }),
  )

const enrich = (texts: Record<string, string>, maps: Record<string, Record<string, string>> = {}) =>
  enricher({
    text: (key: string) => texts[key] ?? '',
    map: (key: string) => maps[key] ?? {},
  } as unknown as SidekickConfig)

test('an output with a million blanks is formatted promptly', () => {
  const output = `10:20:30.000000000: Warning ${' '.repeat(1_000_000)}x`
  const { output: text } = enrich({ outputfieldformat: '<output> <custom_fields>' })(alert({ output }))
  expect(text).toBe(`${' '.repeat(1_000_000)}x`)
})

test('tokens inside an output are not expanded', () => {
  const made = enrich({ outputfieldformat: '<output> <tags>', customtags: 'own' })(
    alert({ message: '<tags> $& <priority>' }),
  )
  expect(made.output).toBe('<tags> $& <priority> own')
})

test('fields may have any name, even __proto__ or constructor', () => {
  const output_fields = JSON.parse('{"__proto__": "a", "constructor": "b", "a[b]": "c"}')
  const made = enrich(
    { bracketreplacer: '_' },
    { templatedfields: { made: '{{ .constructor }}{{ .toString }}' } },
  )(alert({ output_fields }))
  expect(Object.entries(made.output_fields)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
    ['a_b', 'c'],
    ['made', 'b<no value>'],
  ])
})

test('series are bounded, every alert is counted, and no name forges a line', () => {
  const counts = new RelayCounts()
  for (let i = 0; i < 5000; i++) counts.count(alert({ rule: `rule ${i}\n"} 1\nforged{x="\\ ${'x'.repeat(300)}` }))
  const lines = counts.page([], {}).split('\n')
  const series = lines.filter(line => line.startsWith('falcosecurity_falcosidekick_falco_events_total{'))
  expect(series.length).toBe(1001)
  expect(series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(5000)
  expect(series.every(line => line.length < 400)).toBe(true)
  expect(lines.some(line => line.startsWith('forged'))).toBe(false)
})
