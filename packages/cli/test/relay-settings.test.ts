import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMMON_OPTIONS, transportOf } from '@falc/outputs'
import { afterAll, describe, expect, test } from 'vitest'
import { readCaseFile } from '../../../scripts/testing/cases.ts'
import { ConfigError } from '../src/config/error.ts'
import { CliError } from '../src/fail.ts'
import type { Log } from '../src/log.ts'
import { enricher } from '../src/relay/enrich.ts'
import { Relay } from '../src/relay/relay.ts'
import { relaySettings } from '../src/relay/settings.ts'
import { SidekickConfig } from '../src/relay/sidekick/config.ts'
import { SIDEKICK_OUTPUTS } from '../src/relay/sidekick/table.ts'
import { UNSUPPORTED } from '../src/relay/sidekick/unsupported.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-relay-test-'))
afterAll(() => rmSync(dir, { recursive: true }))

function configOf(yaml: string, env: Record<string, string> = {}): SidekickConfig {
  const path = join(dir, 'relay.yaml')
  writeFileSync(path, yaml)
  return new SidekickConfig(path, env)
}

const cases = readCaseFile(new URL('cases/relay/settings.txt', import.meta.url))

test.each(cases.map(one => [one.title, one] as const))('%s', (_, one) => {
  const env = Object.fromEntries(one.lines('environment').map(line => line.split(/=(.*)/s).slice(0, 2)))
  const shown = () => {
    try {
      const config = configOf(one.text('yaml'), env)
      enricher(config)
      const { outputs, warnings, dispose } = relaySettings(config, { skipUnsupported: one.title.includes('skipped') })
      dispose()
      const lines = outputs.map(({ name, type, minimum_priority, template, format, linger, options }) => {
        const more = { minimum_priority, template, linger, ...(format !== 'json' && { format }) }
        const given = Object.entries({ ...more, ...options }).filter(([key, value]) => {
          const fallback = transportOf(type)!.options[key]?.default
          return value !== undefined && JSON.stringify(value) !== JSON.stringify(fallback)
        })
        return `${name}: ${type} ${JSON.stringify(Object.fromEntries(given))}`
      })
      return [...lines, ...warnings.map(warning => `warning: ${warning}`)].join('\n')
    } catch (error) {
      if (!(error instanceof CliError) && !(error instanceof ConfigError)) throw error
      return `error: ${error.message}`
    }
  }
  one.expect(
    'outputs',
    shown()
      .replaceAll(join(dir, 'relay.yaml'), 'relay.yaml')
      .replace(/\/tmp\/falc-relay-\w+/g, 'TMP'),
  )
})

test.each([
  ['true', 'none.crt: it does not exist'],
  ['True', 'none.crt: it does not exist'],
  ['1', 'none.crt: it does not exist'],
  ['False', undefined],
  ['', undefined],
  ['yes', 'relay.yaml:1:14: tlsserver.deploy must be true or false, not "yes"'],
])('tlsserver.deploy: %s', (value, reason) => {
  const config = configOf(`tlsserver: { deploy: ${value}, certfile: none.crt }`)
  const parts = { deliveries: [], enrich: enricher(config), hostname: 'h', tokens: undefined, log: {} as Log }
  const open = () => new Relay(config, parts)
  if (reason === undefined) expect(open).not.toThrow()
  else expect(open).toThrow(reason)
})

describe('the table of outputs', () => {
  test.each(SIDEKICK_OUTPUTS.map(output => [output.section, output] as const))('%s', (section, output) => {
    const { type, keys, main } = output
    const options = { ...transportOf(type)?.options, ...COMMON_OPTIONS }
    expect(transportOf(type), `type ${type}`).toBeDefined()
    for (const [key, { to, verdict, note }] of Object.entries(keys)) {
      for (const option of to) expect(Object.keys(options), `${section}.${key}`).toContain(option)
      if (verdict !== 'same') expect(note, `${section}.${key}`).toBeTruthy()
      if (verdict === 'no effect') expect(to).toEqual([])
    }
    for (const key of main) expect(Object.keys(keys), section).toContain(key)
  })

  test.each(SIDEKICK_OUTPUTS.map(output => [output.section, output] as const))(
    '%s: valid values of all keys cause no warning',
    (section, output) => {
      const value = (key: string) => VALUES[`${section}.${key}`] ?? VALUES[key] ?? 'text'
      const env = Object.fromEntries(Object.keys(output.keys).map(key => [variable(`${section}.${key}`), value(key)]))
      const { outputs, warnings, dispose } = relaySettings(configOf('', env))
      dispose()
      expect(outputs).toHaveLength(1)
      expect(outputs[0]!.type).toBe(output.type)
      expect(warnings).toEqual([])
    },
  )

  test.each(
    SIDEKICK_OUTPUTS.flatMap(output => Object.entries(output.keys).map(([key, row]) => ({ output, key, row }))).map(
      one => [`${one.output.section}.${one.key}`, one] as const,
    ),
  )('%s changes the options that its row names, and no others', (_, { output, key, row }) => {
    const { section, main } = output
    const value = (key: string) => OTHERS[`${section}.${key}`] ?? OTHERS[key] ?? VALUES[key] ?? 'text'
    const optionsWith = (names: readonly string[]) => {
      const env = Object.fromEntries(names.map(name => [variable(`${section}.${name}`), value(name)]))
      const { outputs, dispose } = relaySettings(configOf('', env))
      dispose()
      const { options, ...common } = outputs[0]!
      return { ...common, ...options } as Readonly<Record<string, unknown>>
    }
    // The keys that it needs: a password needs its user, a part of an address the other parts.
    const beside = [...main, ...(WITH[`${section}.${key}`] ?? [])].filter(name => name !== key)
    const changed = optionsWith([...beside, key])
    if (main.includes(key)) {
      // Without it there is no output.
      for (const option of row.to) expect(changed[option], option).toBeDefined()
      return
    }
    const without = optionsWith(beside)
    const names = [...new Set([...Object.keys(without), ...Object.keys(changed)])]
    const differ = names.filter(name => JSON.stringify(without[name]) !== JSON.stringify(changed[name]))
    expect(differ.sort()).toEqual([...row.to].sort())
  })

  test('no output is listed twice, in one list or across both', () => {
    const sections = [...SIDEKICK_OUTPUTS, ...UNSUPPORTED].map(({ section }) => section)
    expect(new Set(sections).size).toBe(sections.length)
  })
})

/** The environment variable of a key. */
const variable = (key: string) => key.toUpperCase().replaceAll('.', '_')

/** Values that are not the defaults. */
const OTHERS: Readonly<Record<string, string>> = {
  ...{ checkcert: 'false', mutualtls: 'true', enablecompression: 'false', outputformat: 'text' },
  'redis.address': 'host.example:6379',
  ...{ 'alertmanager.expiresafter': '60', 'kafka.requiredacks': 'ONE', 'openfaas.gatewayport': '9090' },
  ...{ 'smtp.tls': 'false', 'syslog.format': 'cef', 'syslog.protocol': 'udp' },
}

/** Keys that have no effect without others. */
const WITH: Readonly<Record<string, readonly string[]>> = {
  'nodered.password': ['user'],
  'n8n.password': ['user'],
  'n8n.headerauthvalue': ['headerauthname'],
  ...{ 'redis.certfile': ['mutualtls'], 'redis.keyfile': ['mutualtls'], 'redis.cacertfile': ['mutualtls'] },
}

/** Values that are not free text. */
const VALUES: Readonly<Record<string, string>> = {
  minimumpriority: 'warning',
  ...{ checkcert: 'true', mutualtls: 'false', enablecompression: 'true', tls: 'true', retained: 'true' },
  ...{ webhookurl: 'https://hooks.example/x', address: 'http://hooks.example', hostport: 'host.example:1234' },
  ...{
    icon: 'https://pictures.example/p.png',
    endpoint: 'http://host.example:9000',
    receiverurl: 'https://sumo.example/x',
  },
  ...{
    url: 'https://host.example/queue',
    broker: 'tcp://host.example:1883',
    host: 'https://host.example',
    eventlistener: 'http://tekton.example',
  },
  ...{
    region: 'eu',
    method: 'PUT',
    suffix: 'none',
    format: 'json',
    protocol: 'tcp',
    port: '514',
    database: '1',
    qos: '2',
  },
  ...{
    customheaders: 'X-A:b',
    extensions: 'a:b',
    customattributes: 'a:b',
    extralabels: 'a:b',
    extraannotations: 'a:b',
  },
  ...{ customseveritymap: 'Debug:low', headers: 'a=b', maxconcurrentrequests: '1', timeout: '1000', interval: '7' },
  ...{ 'batching.flushinterval': '1s', expiresafter: '300', from: 'a@example.com', to: 'a@example.com,b@example.com' },
  ...{
    messageformat: '{{ .Rule }}',
    outputformat: 'all',
    authmechanism: 'plain',
    storagetype: 'hashmap',
    gatewayport: '8080',
  },
  ...{
    requiredacks: 'ALL',
    compression: 'GZIP',
    topiccreation: 'true',
    sasl: 'PLAIN',
    tenant: 'tenant',
    topicarn: 'arn:aws:sns:eu-west-1:1:t',
  },
  ...{
    'rabbitmq.url': 'amqp://host.example',
    'redis.address': 'host.example:6379',
    'loki.endpoint': '/loki/api/v1/push',
    'syslog.host': 'host.example',
  },
  ...{ 'alertmanager.endpoint': '/api/v1/alerts' },
}
