import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { readCases } from '../../../scripts/testing/cases.ts'
import { loadConfig } from '../src/config/config.ts'
import { ConfigReader } from '../src/config/reader.ts'
import { CONFIG_SCHEMA, type JsonSchema } from '../src/config/schema.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-config-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

/** bigint as text, and paths of the temporary folder as $DIR. */
const comparable = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v)).replaceAll(dir, '$DIR'))

/*
 * Sections: names of files with their contents (falco.yaml is loaded); `options`: one -o per line; `env`: A=B lines;
 * then `config` (YAML, part of the result), `warnings` and `error` as they are expected. $DIR is the files' folder.
 */
for (const { file, cases } of readCases(new URL('cases/config/', import.meta.url))) {
  describe(file, () => {
    test.each(cases)('$title', ({ sections }) => {
      for (const [name, text] of sections) {
        if (!name.includes('.')) continue
        mkdirSync(dirname(join(dir, name)), { recursive: true })
        writeFileSync(join(dir, name), text.replaceAll('$DIR', dir))
      }
      const lines = (name: string) => (sections.get(name) ?? '').replaceAll('$DIR', dir).split('\n').filter(Boolean)
      const env = Object.fromEntries(lines('env').map(line => line.split(/=(.*)/s).slice(0, 2)))
      const path = sections.has('falco.yaml') ? join(dir, 'falco.yaml') : undefined
      const load = () => loadConfig(path, lines('options'), env)
      const error = sections.get('error')
      if (error !== undefined) {
        let message = 'no error'
        try {
          load()
        } catch (thrown) {
          const { message: full } = thrown as Error
          // Carets below the folder's name shrink with it.
          message = full.replaceAll(dir, '$DIR').replace('^'.repeat(dir.length), '^^^^')
        }
        expect(`${message}\n`).toBe(error)
        return
      }
      const config = comparable(load())
      if (sections.has('config')) expect(config).toMatchObject(parse(sections.get('config')!))
      const expected = sections.get('warnings')
      expect(config.warnings).toEqual(expected === undefined ? [] : expected.split('\n').filter(Boolean))
    })
  })
}

/** Paths of the schema's keys; what is inside of a list counts with the list. */
function keysOf(schema: JsonSchema, path = ''): string[] {
  if (schema.properties === undefined) return [path]
  return Object.entries(schema.properties).flatMap(([key, inner]) =>
    keysOf(inner, path === '' ? key : `${path}.${key}`),
  )
}

test('every key of the schema is read by somebody', () => {
  const read = new Set<string>()
  const { node } = ConfigReader.prototype
  const spy = vi.spyOn(ConfigReader.prototype, 'node').mockImplementation(function (this: ConfigReader, path) {
    read.add(path)
    return node.call(this, path)
  })
  // With everything on, so that what depends on it is asked for.
  const options = [
    ...['file', 'program', 'http', 'webserver'].map(
      name => `${name === 'webserver' ? name : `${name}_output`}.enabled=true`,
    ),
    ...['file_output.filename=a', 'program_output.program=b', 'http_output.url=http://c'],
    ...['webserver.ssl_enabled=true', 'webserver.threadiness=2', 'metrics.enabled=true'],
    ...Object.keys(CONFIG_SCHEMA.properties!.metrics!.properties!).map(key => `metrics.${key}=true`),
    'metrics.interval=1s',
    'engine.modern_ebpf.disable_iterators=false',
  ]
  for (const kind of ['kmod', 'modern_ebpf']) loadConfig(undefined, [...options, `engine.kind=${kind}`])
  spy.mockRestore()
  expect(keysOf(CONFIG_SCHEMA).filter(key => !read.has(key) && key !== 'config_files')).toEqual([])
})
