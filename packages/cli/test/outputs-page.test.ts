/** The snippets of docs/outputs.md: each loads as a falco.yaml, and each of its outputs delivers an alert to a receiver. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alerts } from '@falc/engine'
import { configuredDelivery, FORMATS, falcoJson } from '@falc/outputs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { EMPTY } from '../../../scripts/testing/empty.ts'
import { skipped } from '../../../scripts/testing/needs.ts'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually, until } from '../../../scripts/testing/wait.ts'
import { alert } from '../../outputs/test/transports/items.ts'
import { PEERS, UNTESTED } from '../../outputs/test/transports/list.ts'
import { folder } from '../../outputs/test/transports/peer.ts'
import { loadConfig } from '../src/config/config.ts'

type Item = Record<string, any> & { readonly name: string; readonly type: string }

const page = readFileSync(new URL('../../../docs/outputs.md', import.meta.url), 'utf8')
const ITEMS: readonly Item[] = [...page.matchAll(/^ *```yaml\n([\s\S]*?)^ *```$/gm)].flatMap(
  ([, yaml]) => parse(yaml!).outputs,
)

/** The environment variables that the snippets use. */
const env = Object.fromEntries([...page.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name!, 'from-the-environment']))

/** Reads an output from a falco.yaml. */
function read(item: Item) {
  const path = join(folder(), 'falco.yaml')
  writeFileSync(path, JSON.stringify({ outputs: [item] }))
  const { outputs, warnings } = loadConfig(path, [], env)
  expect(warnings).toEqual([])
  return outputs[0]!
}

/** Outputs that listen for clients, with addresses that are free on this machine. */
const SERVERS: Readonly<Record<string, () => Promise<Record<string, unknown>>>> = {
  grpc: async () => ({ bind_address: `unix://${join(folder(), 'falco.sock')}` }),
  stream: async () => ({ listen: `127.0.0.1:${await freePort()}` }),
  prometheus: async () => ({ listen: `127.0.0.1:${await freePort()}` }),
}

/** Snippets that no receiver of the tests can take unchanged. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'my-stdout': 'standard output belongs to the test runner: packages/outputs/test/falco-outputs.test.ts',
  'event-hubs': 'no broker here speaks TLS with SASL',
}

/** @returns the ID of an alert that has been delivered */
async function deliver(item: Item): Promise<string> {
  const source = alerts()
  const json = falcoJson({ id: true })
  const log: string[] = []
  const delivery = configuredDelivery(read(item), {
    hostname: 'node-1',
    source,
    format: name => (name === 'json' ? json : FORMATS[name].format),
    backoff: { first: 20, max: 100 },
    log: (_, text) => void log.push(text),
  })
  onTestFinished(() => delivery.close(0))
  await delivery.open()
  // It passes all conditions in the snippets.
  const pushed = alert(1, { priority: 'Critical' })
  delivery.push(pushed)
  await eventually(() => {
    expect(delivery.stats, log.join('\n')).toMatchObject({ delivered: 1, dropped: EMPTY })
  })
  return pushed.id
}

test('the page has a snippet for each type of output', () => {
  expect(new Set(ITEMS.map(({ type }) => type))).toEqual(
    new Set([...PEERS.map(({ type }) => type), ...Object.keys(UNTESTED)]),
  )
})

describe.each(ITEMS.map(item => [item.name, item] as const))('%s', (name, item) => {
  test('is read without a warning', () => void read(item))

  const elsewhere = ELSEWHERE[name]
  if (elsewhere) return test.skip(`delivers (${elsewhere})`)
  const serve = SERVERS[item.type]
  if (serve)
    return test('delivers', async () => {
      await deliver({ ...item, ...(await serve()) })
    })
  const kind = PEERS.find(({ type }) => type === item.type)!
  const reason = skipped('peers', kind.missing)
  if (reason) return test.skip(`delivers (${reason})`)
  test('delivers', async () => {
    const peer = await kind.start()
    onTestFinished(() => peer.stop())
    const disk = item.queue?.disk && { queue: { ...item.queue, disk: folder() } }
    const id = await deliver({ ...item, ...peer.options(), ...disk, linger: '0s' })
    await until('it has arrived', async () => (await peer.received()).some(received => received.id === id))
  })
})
