/** Alerts for tests of transports, and a transport opened as the delivery does it. */
import type { AlertData } from '@falc/engine'
import { onTestFinished } from 'vitest'
import type { Item, OptionTable, Transport, TransportContext, TransportDefinition } from '../../src/transport.ts'

/** An alert's ID: the number, in hex. */
export const idOf = (n: number) => n.toString(16).padStart(32, '0')

export function alert(n: number, change: Partial<AlertData> = {}): AlertData & { readonly id: string } {
  return {
    id: idOf(n),
    rule: 'Terminal shell in container',
    priority: 'Notice',
    source: 'syscall',
    tags: ['container', 'T1059'],
    time: 1_700_000_000_123_456_789n + BigInt(n),
    output: `22:13:20.123456789: Notice A shell was spawned ${n}`,
    message: `A shell was spawned ${n}`,
    output_fields: { 'proc.name': 'bash', 'container.id': 'abc', 'evt.num': n },
    hostname: 'node-1',
    ...change,
  }
}

export function item(n: number, change: Partial<AlertData> = {}): Item {
  const data = alert(n, change)
  const body = JSON.stringify({ n, rule: data.rule, priority: data.priority })
  return { id: data.id, alert: data, body, contentType: 'application/json', text: data.message }
}

/** What the delivery tells a transport. */
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

/** Opens a transport with options as a configuration has them, and closes it at the end of the test. */
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
