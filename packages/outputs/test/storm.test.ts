/** More alerts than an output can take: the fate of each is counted, whatever stages it passes. */
import { type AlertData, alerts } from '@falc/engine'
import { expect, test } from 'vitest'
import { Collapse } from '../src/delivery/collapse.ts'
import type { DeliveryOptions } from '../src/index.ts'
import { deliverLines } from './lines.ts'
import { alert } from './transports/items.ts'

const STORM = 20_000
/** The alerts are about this many users. */
const USERS = 50

const collapse: DeliveryOptions['collapse'] = (next, counters) =>
  new Collapse({ by: ['alert.rule', 'user.name'], window: 1e6 }, alerts(), next, counters)

test.each([
  ['a queue of 100', { capacity: 100 }, { delivered: 100, queue_full: STORM - 100 }],
  [
    'a queue of 100 that drops the oldest',
    { capacity: 100, drop: 'oldest' },
    { delivered: 100, queue_full: STORM - 100 },
  ],
  ['a queue of 40 KiB', { maxBytes: 40 << 10 }, { delivered: 36, queue_full: STORM - 36 }],
  ['a rate', { rate: { alerts: 20, per: 1e6 } }, { delivered: 21, limited: STORM - 20 }],
  ['collapsing', { collapse }, { delivered: 2 * USERS, collapsed: STORM - USERS }],
  ['collapsing, a rate and a queue', { collapse, rate: { alerts: 20, per: 1e6 }, capacity: 10 }, {}],
] as const)(
  '%s: every alert that is lost or merged while the output is stalled is counted',
  async (_, options, expected) => {
    const taken: AlertData[] = []
    const { promise: opened, resolve: open } = Promise.withResolvers<void>()
    const target = {
      ...{ name: 'slow', batch: { items: 10 } },
      open: async () => ({
        send: async (items: readonly { alert: AlertData }[]) => {
          await opened
          taken.push(...items.map(item => item.alert))
          return { delivered: items.length }
        },
        close: async () => {},
      }),
    }
    const delivery = deliverLines(target, options)
    await delivery.open()
    for (let i = 0; i < STORM; i++)
      delivery.push(alert(i, { output: 'x', output_fields: { 'user.name': `u${i % USERS}` } }))
    const waiting = delivery.stats
    expect(waiting.queuedBytes).toBeLessThanOrEqual(64 << 20)
    open()
    await delivery.close()
    const { pushed, delivered, collapsed, limited, dropped, queued } = delivery.stats
    const lost = Object.values(dropped).reduce((sum, n) => sum + n, 0)
    expect(delivered).toBe(taken.length)
    // Summaries, which the stages push, are included.
    expect(delivered + collapsed + limited + lost + queued).toBe(pushed)
    expect({ delivered, collapsed, limited, ...dropped }).toMatchObject(expected)
    if (lost > 0) return
    expect(taken.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(STORM)
  },
)
