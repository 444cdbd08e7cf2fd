/** Temporary failures: pauses, order, and which alerts are lost. Times are exact, on fake timers. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { EMPTY } from '../../../scripts/testing/empty.ts'
import type { DeliveryOptions, QueueBounds } from '../src/index.ts'
import { failure, fill, Gate } from './gate.ts'
import { deliverLines } from './lines.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A channel whose pauses are exact, on fake timers. */
function timed(options: Partial<DeliveryOptions> & QueueBounds = {}) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  const gate = new Gate(1)
  const log: string[] = []
  const write = (level: string, text: string) => log.push(`${level}: ${text}`)
  const channel = deliverLines(gate, { backoff: { first: 100, max: 1000 }, timeout: 1e9, log: write, ...options })
  return { gate, channel, log }
}

describe('a temporary failure', () => {
  test('is retried after growing pauses, in order, and logged once, as is the recovery', async () => {
    const { gate, channel, log } = timed()
    fill(channel, 'a', 'b', 'c')
    for (const pause of [100, 200, 400, 800, 1000, 1000]) {
      await gate.pass(0, failure('later', 'ECONNREFUSED'))
      const attempts = gate.sent.length
      await vi.advanceTimersByTimeAsync(pause - 1)
      expect(gate.sent).toHaveLength(attempts)
      await vi.advanceTimersByTimeAsync(1)
      expect(gate.sent).toHaveLength(attempts + 1)
    }
    expect(channel.stats).toMatchObject({ queued: 3, delivered: 0, retries: 6, failing: 'gate: ECONNREFUSED' })
    for (let i = 0; i < 3; i++) await gate.pass()
    expect(gate.sent.slice(-3)).toEqual([['a'], ['b'], ['c']])
    expect(channel.stats).toMatchObject({ queued: 0, delivered: 3, dropped: EMPTY })
    expect(log).toEqual([
      'error: gate: ECONNREFUSED; retrying',
      'notice: gate: recovered after 3.5 s; 3 alerts waited, 0 were lost',
    ])
  })

  test('is retried after a longer pause if the receiver asks for it', async () => {
    const { gate, channel } = timed()
    fill(channel, 'a')
    await gate.pass(0, { ...failure('later', 'http_429'), after: 5000 })
    await vi.advanceTimersByTimeAsync(4999)
    expect(gate.sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(gate.sent).toHaveLength(2)
  })

  test('that turns out to be a misconfiguration is logged once more', async () => {
    const { gate, channel, log } = timed()
    fill(channel, 'a')
    for (const kind of ['later', 'misconfigured', 'later', 'misconfigured'] as const) {
      await gate.pass(0, failure(kind, kind === 'later' ? 'ECONNREFUSED' : 'http_401'))
      await vi.advanceTimersByTimeAsync(1000)
    }
    await gate.pass()
    expect(log).toEqual([
      'error: gate: ECONNREFUSED; retrying',
      'error: gate: http_401; alerts wait until that is changed',
      expect.stringContaining('notice: gate: recovered'),
    ])
  })

  test('has its recovery logged with the number of alerts that a full queue dropped', async () => {
    const { gate, channel, log } = timed({ capacity: 2 })
    fill(channel, 'a', 'b')
    await gate.pass(0, failure('later', 'ENOSPC'))
    fill(channel, 'c')
    await vi.advanceTimersByTimeAsync(100)
    await gate.pass()
    expect(log.at(-1)).toBe('notice: gate: recovered after 0.1 s; 2 alerts waited, 1 were lost')
  })

  test('holds up a producer for a limited time', async () => {
    const { gate, channel } = timed({ stallTimeout: 2000 })
    for (let i = 0; i < 1100; i++) fill(channel, String(i))
    let waits = true
    const room = channel.room().then(() => {
      waits = false
    })
    const started = performance.now()
    while (waits) {
      await gate.pass(0, failure('later', 'ECONNREFUSED'))
      await vi.advanceTimersByTimeAsync(100)
    }
    await room
    expect(performance.now() - started).toBeGreaterThanOrEqual(2000)
    expect(channel.full).toBe(false)
  })

  test('ends a close without a deadline after the stall timeout; lost alerts count under its cause', async () => {
    const { gate, channel } = timed({ stallTimeout: 2000 })
    fill(channel, 'a')
    const closed = channel.close()
    for (let i = 0; i < 8; i++) {
      await gate.pass(0, failure('later', 'ECONNREFUSED'))
      await vi.advanceTimersByTimeAsync(1000)
    }
    await closed
    expect(channel.stats).toMatchObject({ delivered: 0, queued: 0, dropped: { ECONNREFUSED: 1 } })
    expect(gate.forced).toBe(true)
  })
})
