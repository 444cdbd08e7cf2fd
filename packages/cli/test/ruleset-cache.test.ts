import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alertJson, type EngineOptions } from '@falc/engine'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { type CompileInput, cachedRules } from '../src/rules/cached.ts'
import { type CompileOptions, engineOptions } from '../src/rules/options.ts'
import { RulesetCache } from '../src/rules/ruleset-cache.ts'
import { captureFeed } from '../src/sources/capture-feed.ts'
import { loadSources, type SourceOptions } from '../src/sources/load.ts'

const CAPTURE = fileURLToPath(new URL('../../../examples/captures/host-a.scap', import.meta.url))
const RULE = `
- list: never_used
  items: [a]
- rule: Shadow read
  desc: d
  condition: evt.type in (open, openat) and fd.name = /etc/shadow
  output: "%proc.name read %fd.name"
  priority: WARNING
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'falc-rulesets-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

type Input = CompileInput<SourceOptions>

const input = (options: readonly string[] = [], content = RULE): Input => ({
  options: engineOptions(loadConfig(undefined, options)),
  sourceOptions: { base64: false },
  files: [{ name: 'rules.yaml', content }],
})

const load = (from: Input, cached = true) =>
  cachedRules(from, { makeSources: loadSources }, cached ? { folder, build: 'test' } : undefined)

/** The alerts of a capture and the warnings of the rules. */
async function outcome(from: Input, cached = true) {
  const { engine, notes } = await load(from, cached)
  const alerts: string[] = []
  const feed = await captureFeed(CAPTURE, engine.wantedTypes('syscall'))
  const event = (event: unknown) => {
    for (const alert of engine.evaluate('syscall', event) ?? []) alerts.push(alertJson(alert))
  }
  await feed.run({ event, pause: () => undefined }, new AbortController().signal)
  return { alerts, notes }
}

const kept = () => readdirSync(join(folder, 'rulesets')).sort()

describe('a start from the cache', () => {
  test('gives the same alerts, warnings and notes as one without it', async () => {
    const first = await outcome(input())
    expect(first.alerts.join()).toContain('read /etc/shadow')
    expect(first.notes.warnings[0]!.full).toContain('LOAD_UNUSED_LIST')
    expect(kept()).toHaveLength(1)
    expect(await outcome(input())).toEqual(first)
    expect(kept()).toHaveLength(1)
    expect(await outcome(input(), false)).toEqual(first)
  })

  test('knows sources without enabled rules', async () => {
    for (const from of [input(['priority=error']), input([], '[]')]) {
      for (let round = 0; round < 2; round++) {
        const { engine } = await load(from)
        for (const source of ['syscall', 'k8s_audit']) expect(engine.wantedTypes(source)).toBeInstanceOf(Uint8Array)
      }
    }
  })

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['damaged', bytes => bytes.fill(0x7b, 100, 101)],
    ['cut short', bytes => bytes.subarray(0, bytes.length / 2)],
    ['empty', () => Buffer.alloc(0)],
  ])('compiles again when the file is %s', async (_, spoil) => {
    const first = await outcome(input())
    const path = join(folder, 'rulesets', kept()[0]!)
    const sound = readFileSync(path)
    writeFileSync(path, spoil(Buffer.from(sound)))
    expect(await outcome(input())).toEqual(first)
    expect(readFileSync(path).equals(sound)).toBe(true)
  })
})

describe('the key', () => {
  const key = (options: CompileOptions, build = 'test') => RulesetCache.key(build, { ...input(), options })

  /** Another value for each option of an engine: a new option is a type error here. */
  const OTHERS: { readonly [P in keyof Required<CompileOptions>]: EngineOptions[P] } = {
    plugins: [{ name: 'json', version: '0.1.0' }],
    priority: 'error',
    ruleMatching: 'all',
    ruleSelection: [{ op: 'disable', tag: 'x' }],
    loadWarnings: 'falco',
    appendOutput: [{ extra_output: 'X' }],
    staticFields: { zone: 'dmz' },
    hostname: 'other',
    identity: 'other',
    timeFormatIso8601: true,
    backend: 'vm',
    tuning: { memo: false },
  }

  test.each(Object.entries(OTHERS))('changes with the option %s', (name, value) => {
    const { options } = input()
    expect(key({ ...options, [name]: value })).not.toBe(key(options))
  })

  test('changes with the build, the rules and the options of sources', () => {
    const from = input()
    const keys = [
      RulesetCache.key('test', from),
      RulesetCache.key('another', from),
      RulesetCache.key('test', input([], `${RULE}# more`)),
      RulesetCache.key('test', { ...from, files: [{ ...from.files[0]!, name: 'other.yaml' }] }),
      RulesetCache.key('test', { ...from, sourceOptions: { base64: true } }),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('refuses what it cannot digest', () => {
    expect(() => RulesetCache.key('test', { options: { onError: () => {} } })).toThrow('cannot digest onError')
  })
})
