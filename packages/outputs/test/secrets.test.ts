/** Secret options of a transport appear in no log line, no failure and no configuration error. */
import { alerts } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import {
  configuredDelivery,
  type Delivery,
  FORMATS,
  OptionError,
  type OptionTable,
  OutputError,
  readOutput,
  secretsIn,
  TRANSPORTS,
  type TransportDefinition,
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
