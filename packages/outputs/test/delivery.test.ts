import { afterEach, describe, expect, test, vi } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import {
  type Answer,
  type Delivery,
  type DeliveryOptions,
  type Failure,
  type FailureClass,
  FileOutput,
  type Item,
  MemoryQueue,
  type Output,
  Outputs,
  type QueueBounds,
} from '../src/index.ts'
import { QueuedItem } from '../src/item.ts'
import { deliverLines, LINES, line } from './lines.ts'

/** An output whose every send waits for the test's answer. */
class Gate implements Output {
  readonly name = 'gate'
  readonly batch: { readonly items: number }
  readonly sent: string[][] = []
  forced: boolean | undefined
  #waiting: { resolve: (answer: Answer) => void; count: number } | null = null
  constructor(items = 2) {
    this.batch = { items }
  }
  async open() {
    return this
  }
  send(messages: readonly Item[]): Promise<Answer> {
    this.sent.push(messages.map(({ body }) => body))
    return new Promise(resolve => {
      this.#waiting = { resolve, count: messages.length }
    })
  }
  async reopen() {
    this.sent.push(['reopened'])
  }
  async close(force?: boolean) {
    this.forced = force ?? false
  }
  /** Answers the send in progress, if there is one: all is delivered, or the first so many are, and then this failure. */
  async pass(delivered?: number, failure?: Failure): Promise<void> {
    for (let i = 0; i < 10 && !this.#waiting; i++) await Promise.resolve()
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve({ delivered: delivered ?? waiting.count, ...(failure && { failure }) })
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
}

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const failure = (kind: FailureClass, cause: string): Failure => ({ class: kind, cause, message: `gate: ${cause}` })

const fill = (channel: Delivery, ...lines: string[]) => {
  for (const text of lines) channel.push(line(text))
}

test('a full queue refuses and counts, and logs it once', async () => {
  const gate = new Gate()
  const log: string[] = []
  const channel = deliverLines(gate, { capacity: 3, log: (level, text) => log.push(`${level}: ${text}`) })
  fill(channel, 'a', 'b', 'c', 'd', 'e')
  expect(channel.stats).toMatchObject({ pushed: 5, queued: 3, dropped: { queue_full: 2 } })
  expect(log).toEqual(['error: gate: outputs queue full (3 alerts), dropping alerts'])
  const closed = channel.close()
  await gate.pass()
  await gate.pass()
  await closed
  expect(gate.sent).toEqual([['a', 'b'], ['c']])
  expect(channel.stats).toMatchObject({ delivered: 3, queued: 0, dropped: { queue_full: 2 } })
})

test('a message that the receiver refuses is lost, and only this one', async () => {
  const gate = new Gate(4)
  const channel = deliverLines(gate)
  fill(channel, 'a', 'b', 'c', 'd')
  await gate.pass(1, failure('poison', 'http_400'))
  await gate.pass(0, failure('poison', 'http_400'))
  await gate.pass()
  expect(gate.sent).toEqual([['a', 'b', 'c', 'd'], ['b'], ['c', 'd']])
  expect(channel.stats).toMatchObject({ delivered: 3, queued: 0, dropped: { http_400: 1 } })
})

test('a broken output takes nothing more', async () => {
  const gate = new Gate()
  const outputs = new Outputs([deliverLines(gate)])
  for (const text of ['a', 'b', 'c']) outputs.push(line(text))
  await gate.pass(0, failure('broken', 'EPIPE'))
  outputs.push(line('d'))
  expect(outputs.broken).toBe(true)
  expect(outputs.stats[0]).toMatchObject({ pushed: 4, delivered: 0, queued: 0, dropped: { EPIPE: 2, broken: 2 } })
  await outputs.room()
  await outputs.close()
})

test('a producer that can wait waits for room', async () => {
  const gate = new Gate(600)
  const channel = deliverLines(gate)
  for (let i = 0; i < 1100; i++) channel.push(line(String(i)))
  expect(channel.full).toBe(true)
  let roomy = false
  const room = channel.room().then(() => {
    roomy = true
  })
  await gate.pass()
  await gate.pass()
  await room
  expect(roomy).toBe(true)
  expect(channel.full).toBe(false)
})

test('a slow call is reported and goes on', async () => {
  const gate = new Gate()
  const log: string[] = []
  const channel = deliverLines(gate, { timeout: 10, log: (level, text) => log.push(`${level}: ${text}`) })
  fill(channel, 'a')
  await eventually(() => expect(log).toEqual(['critical: "gate" output timeout, the output channel is blocked']))
  await gate.pass()
  expect(channel.stats).toMatchObject({ delivered: 1, timeouts: 1 })
})

test('closing gives up after a time without progress, and counts', async () => {
  const gate = new Gate()
  const channel = deliverLines(gate)
  fill(channel, 'a', 'b', 'c', 'd')
  const closed = channel.close(30)
  await gate.pass()
  await closed
  expect(gate.forced).toBe(true)
  expect(channel.stats).toMatchObject({ pushed: 4, delivered: 2, queued: 0, dropped: { shutdown: 2 } })
})

test('closing gives up when it is aborted', async () => {
  const gate = new Gate()
  const channel = deliverLines(gate)
  fill(channel, 'a')
  const stop = new AbortController()
  const closed = channel.close(undefined, stop.signal)
  stop.abort()
  await closed
  expect(channel.stats).toMatchObject({ delivered: 0, dropped: { shutdown: 1 } })
})

test('lingering messages go out together, after the time or when the batch is full', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const gate = new Gate(3)
  const channel = deliverLines(gate, { linger: 20 })
  fill(channel, 'a')
  await vi.advanceTimersByTimeAsync(19)
  fill(channel, 'b')
  expect(gate.sent).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(gate.sent).toEqual([['a', 'b']])
  await gate.pass()
  fill(channel, 'c', 'd', 'e')
  await gate.pass()
  expect(gate.sent).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ])
})

test('reopening comes before the next message', async () => {
  const gate = new Gate()
  const channel = deliverLines(gate)
  fill(channel, 'a')
  await Promise.resolve()
  await Promise.resolve()
  const reopened = channel.reopen()
  fill(channel, 'b')
  await gate.pass()
  await gate.pass()
  await reopened
  expect(gate.sent).toEqual([['a'], ['reopened'], ['b']])
})

test('a queue keeps order over many rounds and gives memory back', () => {
  const queue = new MemoryQueue({ capacity: 10 })
  const seen: number[] = []
  const take = (count: number) => seen.push(...queue.take(count, 1e9).map(({ body }) => Number(body)))
  for (let i = 0; i < 1000; i++) {
    queue.push(new QueuedItem(line(String(i)), { format: LINES, template: undefined }))
    expect(queue.length).toBe((i % 3) + 1)
    if (i % 3 === 2) {
      take(2)
      take(1)
      queue.done(3)
    }
  }
  expect(seen).toEqual(Array.from({ length: 999 }, (_, i) => i))
  expect(queue.length).toBe(1)
  take(1)
  queue.done(1)
  expect([queue.length, queue.bytes]).toEqual([0, 0])
})

test('when one output cannot be opened, the others are closed again', async () => {
  const gate = new Gate()
  const outputs = new Outputs([deliverLines(gate), deliverLines(new FileOutput({ filename: '/no/such/folder/file' }))])
  await expect(outputs.open()).rejects.toThrow('file output: ENOENT')
  expect(gate.forced).toBeDefined()
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

describe('a failure that passes', () => {
  test('is tried again after growing pauses, in order, and logged twice', async () => {
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
    expect(channel.stats).toMatchObject({ queued: 0, delivered: 3, dropped: {} })
    expect(log).toEqual([
      'error: gate: ECONNREFUSED; retrying',
      'notice: gate: recovered after 3.5 s; 3 alerts waited, 0 were lost',
    ])
  })

  test('waits longer when the receiver asks for it', async () => {
    const { gate, channel } = timed()
    fill(channel, 'a')
    await gate.pass(0, { ...failure('later', 'http_429'), after: 5000 })
    await vi.advanceTimersByTimeAsync(4999)
    expect(gate.sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(gate.sent).toHaveLength(2)
  })

  test('counts what a full queue loses meanwhile', async () => {
    const { gate, channel, log } = timed({ capacity: 2 })
    fill(channel, 'a', 'b')
    await gate.pass(0, failure('later', 'ENOSPC'))
    fill(channel, 'c')
    await vi.advanceTimersByTimeAsync(100)
    await gate.pass()
    expect(log.at(-1)).toBe('notice: gate: recovered after 0.1 s; 2 alerts waited, 1 were lost')
  })

  test('holds up a producer for a limited time', async () => {
    const { gate, channel } = timed({ patience: 2000 })
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

  test('ends a close without a deadline after the same time, under its own cause', async () => {
    const { gate, channel } = timed({ patience: 2000 })
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

describe('memory', () => {
  test('the queue is bounded in bytes', () => {
    const channel = deliverLines(new Gate(), { maxBytes: 1_000_000 })
    for (let i = 0; i < 1000; i++) channel.push(line('x'.repeat(10_000)))
    const { queued, queuedBytes, dropped } = channel.stats
    expect(queuedBytes).toBeLessThanOrEqual(1_000_000)
    expect(queued + dropped.queue_full!).toBe(1000)
    expect(queued).toBeGreaterThan(40)
  })

  test('a single message of any size has room in an empty queue', () => {
    const channel = deliverLines(new Gate(), { maxBytes: 1000 })
    fill(channel, 'x'.repeat(10_000), 'y')
    expect(channel.stats).toMatchObject({ queued: 1, dropped: { queue_full: 1 } })
  })
})
