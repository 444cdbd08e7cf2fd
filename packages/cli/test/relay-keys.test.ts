/** falcosidekick's keys, in its configuration and in the environment: each is known, and documented in docs/falcosidekick.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCaseFile } from '../../../scripts/testing/cases.ts'
import { folder } from '../../outputs/test/transports/peer.ts'
import { relaySettings } from '../src/relay/settings.ts'
import { SidekickConfig } from '../src/relay/sidekick/config.ts'
import { SIDEKICK_OUTPUTS } from '../src/relay/sidekick/table.ts'
import { GLOBAL_KEYS, UNSUPPORTED } from '../src/relay/sidekick/unsupported.ts'

const [listed] = readCaseFile(new URL('cases/relay/keys.txt', import.meta.url))
const keys = listed!.lines('keys').flatMap(line => {
  const [, section = '', names = ''] = /^([\w.]*): (.*)$/.exec(line)!
  return names.split(' ').map(name => (section === '' ? name : `${section}.${name}`))
})
const page = readFileSync(new URL('../../../docs/falcosidekick.md', import.meta.url), 'utf8')

/** All keys as YAML, with the given values. */
function yamlOf(value: (key: string) => unknown): string {
  const root: Record<string, any> = {}
  for (const key of keys) {
    const path = key.split('.')
    let map = root
    for (const name of path.slice(0, -1)) map = map[name] ??= {}
    map[path.at(-1)!] = value(key)
  }
  return JSON.stringify(root)
}

function configOf(yaml: string, env: Record<string, string> = {}): SidekickConfig {
  const path = join(folder(), 'falcosidekick.yaml')
  writeFileSync(path, yaml)
  return new SidekickConfig(path, env)
}

/** The part of the page about a section. */
function sectionOf(section: string): string {
  const [, part = ''] = page.split(`\n### ${section}\n`)
  return part.split('\n### ')[0]!
}

test('a configuration with every key, all but one empty, has no unknown key', () => {
  const webhook = { 'webhook.address': 'https://hooks.example/x' }
  const config = configOf(yamlOf(key => webhook[key as 'webhook.address'] ?? ''))
  const { outputs, warnings, dispose } = relaySettings(config)
  dispose()
  expect(warnings).toEqual([])
  expect(outputs.map(({ name }) => name)).toEqual(['webhook'])
})

test.each(keys)('%s is known and documented', key => {
  const section = key.split('.').slice(0, -1).join('.')
  const output = SIDEKICK_OUTPUTS.find(one => key.startsWith(`${one.section}.`))
  const unsupported = UNSUPPORTED.find(one => key.startsWith(`${one.section}.`))
  if (unsupported) {
    expect(page).toContain(`| \`${unsupported.section}\``)
    return
  }
  if (!output) {
    expect(GLOBAL_KEYS).toHaveProperty([key])
    expect(page).toContain(`| \`${key}\``)
    return
  }
  expect(section.startsWith(output.section)).toBe(true)
  const name = key.slice(output.section.length + 1)
  expect(output.keys).toHaveProperty([name])
  const part = sectionOf(output.section)
  expect(part).not.toBe('')
  expect(part.includes(`| \`${name}\``) || page.split('<!-- table: shared -->')[1]!.includes(`| \`${name}\``)).toBe(
    true,
  )
  // The environment variable of the key.
  const variable = key.toUpperCase().replaceAll('.', '_')
  const config = configOf('', {
    [variable]: /headers|extensions|attributes|labels|annotations|map$/.test(name) ? 'a:b' : 'x',
  })
  expect(config.get(key)).toBeDefined()
})

test("a section name with a trailing dot, as in falcosidekick's example, causes no warning", () => {
  const config = configOf(
    '{aws: {"securitylake.": {interval: 5, batchsize: 1000}}, webhook: {address: "https://hooks.example/x"}}',
  )
  expect(config.warnings).toEqual([])
})
