import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineSource } from '@falc/engine'
import { afterAll, expect, test } from 'vitest'
import { EARLY_LOG, Log } from '../src/log.ts'
import { makeLoader } from '../src/run/loader.ts'
import { loadSources } from '../src/sources/load.ts'

const folder = mkdtempSync(join(tmpdir(), 'falc-errors-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the first failure of each field is logged with its stack', async () => {
  const thrower = (what: string) => () => {
    throw new Error(`no ${what}`)
  }
  const source = defineSource({
    name: 'syscall',
    fields: {
      'proc.name': { type: 'string', doc: 'd', extract: thrower('name') },
      'proc.pid': { type: 'int64', doc: 'd', extract: thrower('pid') },
    },
  })
  const rules = join(folder, 'rules.yaml')
  writeFileSync(
    rules,
    `- {rule: r, desc: d, condition: not proc.name = x, output: "%proc.pid", priority: INFO, source: syscall}`,
  )
  const lines: string[] = []
  const log = { info: () => {}, warning: () => {}, error: (text: string) => lines.push(text) } as unknown as Log
  const loader = makeLoader({
    ...{ configPath: undefined, overrides: [], print: undefined, rules: [rules], makeSources: async () => [source] },
    ...{ backend: undefined, verbose: false, cache: false, log: () => log },
  })
  const { engine } = await loader.build(loader.read())
  for (let i = 0; i < 3; i++) expect(engine.evaluate('syscall', {})?.length).toBe(1)
  expect(lines.map(line => line.split('\n')[0])).toEqual([
    'syscall: proc.name could not be read; further failures are only counted: Error: no name',
    'syscall: proc.pid could not be read; further failures are only counted: Error: no pid',
  ])
  for (const line of lines) expect(line).toMatch(/\n +at .*field-errors\.test\.ts/)
  expect(engine.stats().extractErrors).toEqual({ 'proc.name': 3, 'proc.pid': 3 })
})

test('a reload with fewer workers still compiles for those that run', async () => {
  const rules = join(folder, 'k8s.yaml')
  writeFileSync(rules, '[{rule: r, desc: d, condition: ka.verb = get, output: o, priority: INFO, source: k8s_audit}]')
  const config = join(folder, 'falco.yaml')
  const loader = makeLoader({
    ...{ configPath: config, overrides: [], print: undefined, rules: [rules], makeSources: loadSources },
    ...{ backend: undefined, verbose: false, cache: false, log: () => new Log({ ...EARLY_LOG, log_stderr: false }) },
  })
  for (const workers of [2, 1]) {
    writeFileSync(config, `workers: ${workers}`)
    expect((await loader.build(loader.read())).ruleset).toBeDefined()
  }
})
