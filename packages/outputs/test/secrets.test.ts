/** Secret options of a transport appear in no log line, no failure and no configuration error. */
import { alerts } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import {
  configuredDelivery,
  type Delivery,
  defineTransport,
  FORMATS,
  mayHoldSecrets,
  OptionError,
  type OptionTable,
  OutputError,
  readOutput,
  secretsIn,
  TRANSPORTS,
  type TransportDefinition,
  tryConfigured,
} from '../src/index.ts'
import { alert } from './transports/items.ts'
import { CANARY, filled, secretNames } from './transports/secret-options.ts'

const source = alerts()

type Said = (text: string) => void

function make(type: string, options: Record<string, unknown>, said: Said) {
  const item = { name: 'n', type, timeout: '300ms', ...options }
  const settings = readOutput(item, { path: [], source: () => source, warn: (_, reason) => said(reason) })
  return configuredDelivery(settings, {
    ...{ hostname: 'h', source, stallTimeout: 0 },
    format: name => FORMATS[name].format,
    log: (_, text) => said(text),
  })
}

/** The texts that users see about an output: a configuration error, or what `use` causes. */
async function textsOf(
  type: string,
  options: Record<string, unknown>,
  use: (delivery: Delivery, texts: string[]) => Promise<void> = async () => {},
): Promise<string[]> {
  const texts: string[] = []
  try {
    await use(
      make(type, options, text => texts.push(text)),
      texts,
    )
  } catch (error) {
    if (!(error instanceof OptionError || error instanceof OutputError)) throw error
    texts.push(error.message)
  }
  return texts
}

/** Pushes an alert, and waits until a failure is logged or, as with stream servers, the alert is delivered. */
async function useInVain(delivery: Delivery, texts: string[]): Promise<void> {
  await delivery.open()
  delivery.push(alert(1))
  await until('it is sent, or fails', () => texts.length > 0 || delivery.stats.delivered > 0)
  texts.push(JSON.stringify(delivery.stats))
  await delivery.close(0)
}

const SECRET: readonly TransportDefinition<any>[] = TRANSPORTS.filter(({ options }) => secretNames(options).length > 0)

test('there are transports with secrets', () => expect(SECRET.length).toBeGreaterThan(20))

test('a password in a URL may have a percent sign that encodes nothing', () => {
  const item = { name: 'n', type: 'rabbitmq', url: 'amqp://user:100%secret@127.0.0.1:9' }
  const settings = readOutput(item, { path: [], source: () => source, warn: () => {} })
  expect(secretsIn(settings)).toContain('100%secret')
})

test.each([
  [{ type: 'alertmanager', url: ['http://one:9093', 'http://user:password@two:9093'] }, true],
  [{ type: 'nats', url: 'nats://user:password@host:4222' }, true],
  [{ type: 'kafka', brokers: ['one:9092', 'two:9092'], topic: 'falco' }, false],
])('whether %j may hold a secret: %s', (item, may) => expect(mayHoldSecrets({ name: 'n', ...item })).toBe(may))

test('the answer to a try has no secrets, not even of a transport of the program', async () => {
  const own = defineTransport({
    type: 'pager',
    title: 'Pager',
    doc: 'One call per alert.',
    batch: { items: 1 },
    ordered: 'all',
    options: { pin: { kind: 'secret', required: true, doc: 'Never printed.' } },
    async open({ pin }) {
      const refused = { class: 'poison', cause: 'pin', message: `not with ${pin}` } as const
      return { send: async () => ({ delivered: 0, items: [refused] }), close: async () => {} }
    },
  })
  const transports = [own]
  const item = { name: 'n', type: 'pager', pin: CANARY }
  const settings = readOutput(item, { path: [], source: () => source, transports, warn: () => {} })
  const format = () => FORMATS.json.format
  const answer = await tryConfigured(settings, { hostname: 'h', source, transports, format, log: () => {} }, alert(1))
  expect(answer).toEqual({ delivered: 0, items: [{ class: 'poison', cause: 'pin', message: 'not with ***' }] })
})

describe.concurrent.each(SECRET)('$type', ({ type, options }) => {
  const table: OptionTable = options

  test('no text about a failed delivery contains a secret', async () => {
    const texts = await textsOf(type, filled(table), useInVain)
    expect(texts.length).toBeGreaterThan(0)
    for (const text of texts) expect(text).not.toContain(CANARY)
  })

  test.each(secretNames(table))('%s does not leak if malformed, misspelt or beside an invalid option', async name => {
    const wrong = [
      { [name]: [{ [CANARY]: CANARY }] },
      { [`${name}x`]: CANARY },
      { [name]: `\0${CANARY} %{` },
      { queue: CANARY.length },
      { condition: 'alert.priority >' },
    ]
    for (const change of wrong)
      for (const text of await textsOf(type, { ...filled(table), ...change })) expect(text).not.toContain(CANARY)
  })

  test('its secrets are recognised as such', () => {
    const settings = readOutput(
      { name: 'n', type, ...filled(table) },
      { path: [], source: () => source, warn: () => {} },
    )
    expect(secretsIn(settings).join(' ')).toContain(CANARY)
  })
})
