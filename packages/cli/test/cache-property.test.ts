/** A start from the cache behaves like one without it, whatever the rules, their order and the configuration. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alertJson } from '@falc/engine'
import { parseAuditEvents } from '@falc/sources-k8saudit'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { fuzzed } from '../../../scripts/testing/fuzz.ts'
import { loadConfig } from '../src/config/config.ts'
import { type CacheOptions, cachedRules } from '../src/rules/cached.ts'
import { engineOptions } from '../src/rules/options.ts'
import { captureFeed } from '../src/sources/capture-feed.ts'
import { loadSources } from '../src/sources/load.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-cache-property-'))
afterAll(() => rmSync(dir, { recursive: true }))
const captures = fileURLToPath(new URL('../../../examples/captures/', import.meta.url))
const audit = readFileSync(join(captures, 'k8s-audit.jsonl'), 'utf8').split('\n').filter(Boolean)

/** Pieces of rules files. Some are valid only after others, and errors without them. */
const PIECES = [
  '',
  '- macro: reads\n  condition: evt.type in (open, openat)\n',
  '- list: shells\n  items: [bash, sh]\n',
  '- {rule: Shell, desc: d, condition: proc.name in (shells), output: "%proc.name %evt.type", priority: NOTICE, tags: [a, b]}\n',
  '- {rule: Read, desc: d, condition: reads and fd.name startswith /etc, output: "%fd.name by %proc.name", priority: WARNING, tags: [a]}\n',
  '- {rule: Off, desc: d, condition: evt.type = execve, output: "%proc.cmdline", priority: ERROR, enabled: false, tags: [b]}\n',
  '- {rule: Regex, desc: d, condition: evt.type = execve and proc.name regex "^[a-c].*", output: "%proc.name", priority: INFO}\n',
  '- rule: Read\n  override: {condition: append}\n  condition: and not fd.name contains ld.so\n',
  '- rule: Excepted\n  desc: d\n  condition: evt.type = openat\n  output: "%fd.name"\n  priority: DEBUG\n  exceptions:\n    - {name: e, fields: [proc.name], comps: [in], values: [[[bash, cat]]]}\n',
  '- {rule: Secret, desc: d, condition: ka.target.resource = secrets, output: "%ka.user.name %ka.target.name", priority: WARNING, source: k8s_audit, tags: [b]}\n',
  '- {rule: Any audit, desc: d, condition: jevt.value[/verb] exists, output: "%ka.verb", priority: DEBUG, source: k8s_audit}\n',
  '- required_plugin_versions: [{name: k8saudit, version: 0.7.0}]\n',
  '- required_engine_version: 0.31.0\n',
  '- {rule: No source, desc: d, condition: evt.num = 1, output: o, priority: INFO, source: unknown}\n',
]

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const configuration = fc.record({
  priority: some(fc.constantFrom('debug', 'warning', 'error', 'emergency')),
  rule_matching: some(fc.constantFrom('first', 'all')),
  rules: some(
    fc.array(
      fc.constantFrom(
        { disable: { tag: 'a' } },
        { enable: { tag: 'b' } },
        { disable: { rule: '*' } },
        { enable: { rule: 'O*' } },
      ),
      { maxLength: 3 },
    ),
  ),
  append_output: some(
    fc.array(
      fc.constantFrom<object>(
        { extra_output: 'pid %proc.pid', match: { source: 'syscall' } },
        { extra_fields: ['evt.hostname', { who: 'fixed' }] },
        { suggested_output: true },
      ),
      { maxLength: 2 },
    ),
  ),
  static_fields: some(fc.constant({ zone: 'dmz' })),
  time_format_iso_8601: some(fc.boolean()),
  buffer_format_base64: some(fc.boolean()),
  plugins: fc.constant([{ name: 'k8saudit', library_path: 'libk8saudit.so' }]),
  load_plugins: some(fc.constantFrom([], ['k8saudit'])),
})

const all = PIECES.map((_, i) => i)
const files = fc
  .oneof(
    { weight: 4, arbitrary: fc.subarray(all).map(some => [1, 2, 4, ...some.filter(i => ![1, 2, 4].includes(i))]) },
    { weight: 1, arbitrary: fc.shuffledSubarray(all, { minLength: 1 }) },
  )
  .chain(order => fc.nat(order.length).map(cut => [order.slice(0, cut), order.slice(cut)]))
  .map(parts => parts.map((part, i) => ({ name: `${i}.yaml`, content: part.map(piece => PIECES[piece]).join('') })))

/** Rules that load and raise alerts: random ones may all be errors, or silent. */
const ALERTING: [{ name: string; content: string }[], object] = [
  [{ name: '0.yaml', content: [1, 2, 3, 4].map(piece => PIECES[piece]).join('') }],
  { plugins: [{ name: 'k8saudit', library_path: 'libk8saudit.so' }] },
]

/** The results of a run: an error, or alerts, notes and wanted event types. */
async function outcome(path: string, rules: { name: string; content: string }[], cache: CacheOptions | undefined) {
  const config = loadConfig(path, [])
  const input = {
    options: engineOptions(config),
    sourceOptions: { base64: config.buffer_format_base64 },
    files: rules,
  }
  let loaded: Awaited<ReturnType<typeof cachedRules>>
  try {
    loaded = await cachedRules(input, { makeSources: loadSources }, cache)
  } catch (error) {
    return { error: (error as Error).message }
  }
  const { engine, notes } = loaded
  const alerts: string[] = []
  const take = (source: string, event: unknown) => {
    for (const alert of engine.evaluate(source, event) ?? []) alerts.push(alertJson(alert))
  }
  const wanted = engine.wantedTypes('syscall')
  const feed = await captureFeed(join(captures, 'host-a.scap'), wanted)
  const stop = new AbortController()
  let seen = 0
  const event = (one: unknown) => {
    take('syscall', one)
    if (++seen === 15_000) stop.abort()
  }
  await feed.run({ event, pause: () => undefined }, stop.signal)
  for (const line of audit) for (const one of parseAuditEvents(line)) take('k8s_audit', one)
  return { alerts, notes, wanted: [...engine.wantedTypes('k8s_audit'), ...wanted] }
}

test('starts that fill the cache, read it, or have none behave the same', { timeout: 600_000 }, async () => {
  const path = join(dir, 'falco.yaml')
  let [errors, alerts] = [0, 0]
  await fc.assert(
    fc.asyncProperty(files, configuration as fc.Arbitrary<object>, async (rules, settings) => {
      writeFileSync(path, JSON.stringify({ stdout_output: { enabled: true }, ...settings }))
      const cache = { folder: mkdtempSync(join(dir, 'cache-')), build: 'test' }
      const without = await outcome(path, rules, undefined)
      expect(await outcome(path, rules, cache)).toEqual(without)
      expect(await outcome(path, rules, cache)).toEqual(without)
      if ('error' in without) errors++
      else alerts += without.alerts!.length
    }),
    { ...fuzzed(25), examples: [ALERTING] },
  )
  expect(alerts).toBeGreaterThan(0)
  console.log(`${errors} sets of rules had errors; ${alerts} alerts were compared`)
})
