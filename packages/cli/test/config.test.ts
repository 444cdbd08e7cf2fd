import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readCases } from '../../../scripts/testing/cases.ts'
import { loadConfig } from '../src/config/config.ts'
import { FALCO_YAML } from '../src/config/keys/falco-yaml.ts'
import { keysOf } from '../src/config/section.ts'
import { metadataOptions } from '../src/sources/containers.ts'

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
    test.each(cases)('$title', one => {
      const { sections } = one
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
        one.expect('error', message)
        return
      }
      const config = comparable(load())
      if (sections.has('config')) expect(config).toMatchObject(parse(sections.get('config')!))
      if (sections.has('warnings')) one.expect('warnings', config.warnings.join('\n'))
      else expect(config.warnings).toEqual([])
    })
  })
}

test.each([
  ['{}', undefined],
  ['{ containerd: { enabled: false } }', undefined],
  ['{ cri: { enabled: false } }', undefined],
  ['{ cri: { enabled: false }, containerd: { enabled: false } }', []],
  ['{ cri: { sockets: [/a] } }', ['/a']],
  ['{ cri: { sockets: [/a] }, containerd: { sockets: [/b] } }', ['/a', '/b']],
  ['{ cri: { enabled: false, sockets: [/a] }, containerd: { sockets: [/b] } }', ['/b']],
])('container engines %s: sockets of the container runtime interface', (engines, sockets) => {
  const plugin = { name: 'container', init_config: { engines: parse(engines) } }
  const { sockets: found } = metadataOptions(loadConfig(undefined, [`plugins[0]=${JSON.stringify(plugin)}`]))
  expect(found?.cri).toEqual(sockets)
})

test('every key is used by the program, or says why it has no effect', () => {
  const src = new URL('../src/', import.meta.url)
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  const program = files
    .filter(name => name.endsWith('.ts') && !name.startsWith('config/keys/'))
    .map(name => readFileSync(new URL(name, src), 'utf8'))
    .join('\n')
  const unused = keysOf(FALCO_YAML).filter(({ path, key }) => {
    const name = path.split('.').at(-1)!
    return key.noEffect === undefined && !new RegExp(`\\b${name}\\b`).test(program)
  })
  expect(unused.map(({ path }) => path)).toEqual([])
})
