import { describe, expect, test } from 'vitest'
import type { Config } from '../src/config/config.ts'
import { DropMonitor } from '../src/health/drops.ts'
import { SilenceMonitor } from '../src/health/silence.ts'
import { TokenBucket } from '../src/health/token-bucket.ts'
import type { KernelCounts } from '../src/meter/counts.ts'

/** What the probe has counted up to a second: events, including lost ones, and those lost to full rings. */
const counted = (events: number, bufferFull: number): KernelCounts => ({
  events,
  lost: { bufferFull, bufferPressure: 0, bufferFullFirst: 0, scratch: 0, bug: 0 },
})

interface Case {
  readonly title: string
  readonly threshold?: number
  readonly actions?: Config['syscall_event_drops']['actions']
  readonly rate?: number
  readonly maxBurst?: number
  readonly simulate?: boolean
  /** [events, lost] in each second. */
  readonly seconds: readonly (readonly [number, number])[]
  /** What is done, by second. */
  readonly done: readonly string[]
}

const TOLD = (n: number) => `Falco internal: syscall event drop. ${n} system calls dropped in last second.`

const CASES: readonly Case[] = [
  { title: 'without any, nothing is done', seconds: [[100, 0]], done: [] },
  { title: 'as many as the threshold allows cause no action', seconds: [[100, 10]], done: [] },
  { title: 'more than the threshold allows raise an alert', seconds: [[100, 11]], done: [`1 alert ${TOLD(11)}`] },
  {
    title: 'each second is judged by itself',
    threshold: 0,
    rate: 1,
    maxBurst: 5,
    seconds: [
      [100, 1],
      [100, 0],
      [50, 3],
    ],
    done: [`1 alert ${TOLD(1)}`, `3 alert ${TOLD(3)}`],
  },
  {
    title: 'the token bucket limits alerts: one at once, then one every other second',
    threshold: 0,
    rate: 0.5,
    maxBurst: 1,
    seconds: [
      [10, 1],
      [10, 1],
      [10, 1],
    ],
    done: [
      `1 alert ${TOLD(1)}`,
      '2 debug Syscall event drop but token bucket depleted, skipping actions',
      `3 alert ${TOLD(1)}`,
    ],
  },
  {
    title: 'those after a quiet time are reported even if the token bucket is empty',
    threshold: 0,
    seconds: [
      [10, 1],
      [10, 1],
      [10, 0],
      [10, 0],
      [10, 0],
      [10, 0],
      [10, 0],
      [10, 1],
    ],
    done: [
      `1 alert ${TOLD(1)}`,
      '2 debug Syscall event drop but token bucket depleted, skipping actions',
      `8 alert ${TOLD(1)}`,
    ],
  },
  { title: 'the action ignore does nothing', actions: ['ignore'], threshold: 0, seconds: [[10, 5]], done: [] },
  {
    title: 'the actions log and exit',
    actions: ['log', 'exit'],
    threshold: 0,
    seconds: [[10, 5]],
    done: [
      `1 warning ${TOLD(5)}`,
      `1 critical ${TOLD(5)}`,
      '1 critical Exiting.',
      '1 exit Drop manager internal error',
    ],
  },
  {
    title: 'simulated drops raise an alert without any event',
    simulate: true,
    seconds: [[0, 0]],
    done: ['1 info Simulating syscall event drop', `1 alert ${TOLD(1)}`],
  },
]

test.each(CASES.map(c => [c.title, c] as const))('lost events: %s', (_, c) => {
  const done: string[] = []
  let second = 0
  const monitor = new DropMonitor(
    {
      threshold: c.threshold ?? 0.1,
      actions: c.actions ?? ['alert'],
      rate: c.rate ?? 0.03333,
      max_burst: c.maxBurst ?? 1,
      simulate_drops: c.simulate ?? false,
    },
    {
      log: (level, text) => done.push(`${second} ${level} ${text}`),
      alert: ({ output }) => done.push(`${second} alert ${output}`),
      exit: reason => done.push(`${second} exit ${reason}`),
    },
  )
  let [events, lost] = [0, 0]
  for (const [newEvents, newlyLost] of c.seconds) {
    second++
    events += newEvents
    lost += newlyLost
    monitor.look(counted(events, lost), second * 1000)
  }
  expect(done).toEqual(c.done)
})

test('the first loss is reported at once, further ones once a second', () => {
  const told: string[] = []
  const monitor = new DropMonitor(
    { threshold: 0, actions: ['alert'], rate: 1, max_burst: 5, simulate_drops: false },
    { log: () => {}, alert: ({ output }) => told.push(`${now} ${output}`), exit: () => {} },
  )
  let now = 0
  for (const lost of [0, 0, 2, 3, 4, 5, 6]) monitor.look(counted(100, lost), (now += 250))
  expect(told).toEqual([`750 ${TOLD(2)}`, `1750 ${TOLD(4)}`])
})

test('losses before a reload are none of the last second', () => {
  const told: string[] = []
  const settings = { threshold: 0, actions: ['alert'], rate: 1, max_burst: 5, simulate_drops: false } as const
  const actions = { log: () => {}, alert: ({ output }: { output: string }) => told.push(output), exit: () => {} }
  const before = new DropMonitor(settings, actions)
  before.look(counted(100, 7), 0)
  const after = new DropMonitor(settings, actions, before.seen)
  after.look(counted(110, 7), 1000)
  after.look(counted(120, 9), 2000)
  expect(told).toEqual([TOLD(7), TOLD(2)])
})

test('the alert names the process that fills the rings, and when losses began', () => {
  const fields: unknown[] = []
  const monitor = new DropMonitor(
    { threshold: 0, actions: ['alert'], rate: 1, max_burst: 1, simulate_drops: false },
    { log: () => {}, alert: alert => fields.push(alert.fields), exit: () => {} },
  )
  monitor.look({ ...counted(100, 7), flood: 6, flooder: 'yes(42)', lossBegan: 1_700_000_000_123_456_789n }, 0)
  expect(fields).toMatchObject([
    { n_drops: '7', n_drops_flood: '6', flooder: 'yes(42)', loss_began: '2023-11-14T22:13:20.123456789Z' },
  ])
})

test('the alert has the losses by cause', () => {
  const alerts: unknown[] = []
  const monitor = new DropMonitor(
    { threshold: 0, actions: ['alert'], rate: 1, max_burst: 1, simulate_drops: false },
    { log: () => {}, alert: alert => alerts.push(alert), exit: () => {} },
  )
  monitor.look({ events: 100, lost: { bufferFull: 1, bufferPressure: 2, bufferFullFirst: 3, scratch: 4, bug: 5 } }, 0)
  expect(alerts).toEqual([
    {
      rule: 'Falco internal: syscall event drop',
      priority: 'Debug',
      output: TOLD(15),
      fields: {
        n_evts: '100',
        n_drops: '15',
        n_drops_buffer_total: '6',
        n_drops_buffer_full: '1',
        n_drops_buffer_pressure: '2',
        n_drops_buffer_full_first: '3',
        n_drops_scratch_map: '4',
        n_drops_page_faults: '0',
        n_drops_bug: '5',
        ebpf_enabled: '1',
      },
    },
  ])
})

describe('silence', () => {
  /** [second, time of the last event] */
  const look = (max: number, ...looks: readonly (readonly [number, bigint])[]) => {
    const told: string[] = []
    const monitor = new SilenceMonitor(max, ({ output, fields }) => told.push(`${output} ${fields!.last_event_time}`))
    for (const [second, event] of looks) monitor.look(event, second * 1000)
    return told
  }
  const TOLD_OF = 'Falco internal: timeouts notification. 100 consecutive timeouts without event.'

  test('of more than three seconds is reported as a hundred timeouts', () => {
    expect(look(100, [0, 5n], [1, 5n], [2, 5n], [3, 5n])).toEqual([])
    expect(look(100, [0, 0n], [3, 0n], [4, 0n])).toEqual([`${TOLD_OF} none`])
  })
  test('is reported again when it continues', () => {
    expect(look(100, [0, 0n], [4, 0n], [5, 0n], [8, 0n]).length).toBe(2)
  })
  test('ends with an event', () => {
    expect(look(100, [0, 1n], [2, 2n], [4, 2n])).toEqual([])
  })
  test('is reported with the time of the last event', () => {
    const noon = new Date(2026, 10, 24, 12, 0, 0)
    const [told] = look(
      100,
      [0, BigInt(noon.getTime()) * 1_000_000n + 42n],
      [1, 0n],
      [1, BigInt(noon.getTime()) * 1_000_000n + 42n],
      [5, BigInt(noon.getTime()) * 1_000_000n + 42n],
    )
    expect(told).toBe(`${TOLD_OF} 12:00:00.000000042`)
  })
})

test('a bucket with less than one token gives none', () => {
  const bucket = new TokenBucket(100, 0.5)
  expect([0, 1000, 2000].map(now => bucket.claim(now))).toEqual([false, false, false])
})
