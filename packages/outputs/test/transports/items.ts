/** Alerts for tests of transports, and a transport opened as a delivery opens it. */
import type { AlertData } from '@falc/engine'
import { onTestFinished } from 'vitest'
import type { Item, OptionTable, Transport, TransportContext, TransportDefinition } from '../../src/model/transport.ts'
import { alert, idOf } from './numbered.ts'

export { alert, idOf }

export function item(n: number, change: Partial<AlertData> = {}): Item {
  const data = alert(n, change)
  const body = JSON.stringify({ n, rule: data.rule, priority: data.priority })
  return { id: data.id, alert: data, body, contentType: 'application/json', text: data.message }
}

/** What the delivery passes to a transport. */
export const context: TransportContext = {
  name: 'test',
  hostname: 'node-1',
  note: () => {},
  template:
    (text, encode = value => value) =>
    data =>
      text.replace(/%([a-z0-9_]+(?:\.[a-z0-9_]+)*)/g, (_, name: string) => {
        const fields: Record<string, unknown> = {
          ...data.output_fields,
          'alert.rule': data.rule,
          'alert.priority': data.priority,
          'alert.hostname': data.hostname,
          'alert.source': data.source,
        }
        return encode(String(fields[name] ?? '<NA>'))
      }),
}

/** Opens a transport with options as in a configuration, and closes it at the end of the test. */
export async function open(
  definition: TransportDefinition<OptionTable>,
  values: Record<string, unknown>,
  surroundings: Partial<TransportContext> = {},
): Promise<Transport> {
  const defaults = Object.entries(definition.options).map(([name, option]) => [name, option.default])
  const transport = await definition.open({ ...Object.fromEntries(defaults), ...values } as never, {
    ...context,
    ...surroundings,
  })
  onTestFinished(() => transport.close())
  return transport
}

/** The signal of an attempt that has all the time it needs. */
export { patient } from '../../../../scripts/testing/wait.ts'
