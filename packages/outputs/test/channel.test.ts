import { afterEach, expect, test, vi } from 'vitest'
import {
  BoundedQueue,
  Channel,
  FileOutput,
  type Message,
  type Output,
  OutputError,
  Outputs,
  ProgramOutput,
} from '../src/index.ts'

const message = (line: string): Message => ({ line, priority: 'Warning' })

/** An output whose every send waits until the test lets it through or fails it. */
class Gate implements Output {
  readonly name = 'gate'
  readonly maxBatch: number
  readonly retries = 0
  readonly sent: string[][] = []
  forced: boolean | undefined
  #waiting: { resolve: () => void; reject: (error: Error) => void } | null = null
  constructor(maxBatch = 2) {
    this.maxBatch = maxBatch
  }
  async open() {}
  send(messages: readonly Message[]): Promise<void> {
    this.sent.push(messages.map(m => m.line))
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }
  async reopen() {
    this.sent.push(['reopened'])
  }
  async close(force?: boolean) {
    this.forced = force ?? false
  }
  /** Ends the send that is under way, if one comes. */
  async pass(error?: Error): Promise<void> {
    for (let i = 0; i < 10 && !this.#waiting; i++) await Promise.resolve()
    const waiting = this.#waiting
    this.#waiting = null
    if (error) waiting?.reject(error)
    else waiting?.resolve()
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
}

afterEach(() => {
  vi.useRealTimers()
})

const fill = (channel: Channel, ...lines: string[]) => {
  for (const line of lines) channel.push(message(line))
}

test('a full queue refuses, counts and says so once', async () => {
  const gate = new Gate()
  const log: string[] = []
  const channel = new Channel(gate, { capacity: 3, log: (level, text) => log.push(`${level}: ${text}`) })
  fill(channel, 'a', 'b', 'c', 'd', 'e')
  expect(channel.stats).toMatchObject({ pushed: 5, queued: 3, dropped: { queue_full: 2 } })
  expect(log).toEqual(['error: gate: outputs queue full (3), dropping alerts'])
  const closed = channel.close()
  await gate.pass()
  await gate.pass()
  await closed
  expect(gate.sent).toEqual([['a', 'b'], ['c']])
  expect(channel.stats).toMatchObject({ delivered: 3, queued: 0, dropped: { queue_full: 2 } })
})

test('a failure loses what it says and no more', async () => {
  const gate = new Gate(4)
  const channel = new Channel(gate)
  fill(channel, 'a', 'b', 'c', 'd')
  await gate.pass(new OutputError('http_500', 'no', 1, 1))
  await gate.pass()
  expect(gate.sent).toEqual([
    ['a', 'b', 'c', 'd'],
    ['c', 'd'],
  ])
  expect(channel.stats).toMatchObject({ delivered: 3, queued: 0, dropped: { http_500: 1 } })
})

test('a broken output takes nothing more', async () => {
  const gate = new Gate()
  const outputs = new Outputs([gate])
  for (const line of ['a', 'b', 'c']) outputs.push(message(line))
  await gate.pass(new OutputError('EPIPE', 'gone', 2, 0, true))
  outputs.push(message('d'))
  expect(outputs.broken).toBe(true)
  expect(outputs.stats[0]).toMatchObject({ pushed: 4, delivered: 0, queued: 0, dropped: { EPIPE: 2, broken: 2 } })
  await outputs.room()
  await outputs.close()
})

test('a producer that can wait waits for room', async () => {
  const gate = new Gate(600)
  const channel = new Channel(gate)
  for (let i = 0; i < 1100; i++) channel.push(message(String(i)))
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
  const channel = new Channel(gate, { timeout: 10, log: (level, text) => log.push(`${level}: ${text}`) })
  fill(channel, 'a')
  await vi.waitFor(() => expect(log).toEqual(['critical: "gate" output timeout, the output channel is blocked']))
  await gate.pass()
  expect(channel.stats).toMatchObject({ delivered: 1, timeouts: 1 })
})

test('closing gives up after a time without progress, and counts', async () => {
  const gate = new Gate()
  const channel = new Channel(gate)
  fill(channel, 'a', 'b', 'c', 'd')
  const closed = channel.close(30)
  await gate.pass()
  await closed
  expect(gate.forced).toBe(true)
  expect(channel.stats).toMatchObject({ pushed: 4, delivered: 2, queued: 0, dropped: { shutdown: 2 } })
})

test('closing gives up when told to', async () => {
  const gate = new Gate()
  const channel = new Channel(gate)
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
  const channel = new Channel(gate, { linger: 20 })
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
  const channel = new Channel(gate)
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
  const queue = new BoundedQueue<number>(10)
  const seen: number[] = []
  for (let i = 0; i < 1000; i++) {
    expect(queue.push(i)).toBe(true)
    if (i % 3 === 2) seen.push(...queue.take(2), ...queue.take(1))
  }
  expect(seen).toEqual(Array.from({ length: 999 }, (_, i) => i))
  expect(queue.clear()).toBe(1)
  expect(queue.length).toBe(0)
})

test('outputs that were opened are closed again when another one cannot be', async () => {
  const gate = new Gate()
  const outputs = new Outputs([gate, new FileOutput({ filename: '/no/such/folder/file' })])
  await expect(outputs.open()).rejects.toThrow('file output: ENOENT')
  expect(gate.forced).toBe(true)
})

test('a program that does not end is ended', async () => {
  const channel = new Channel(new ProgramOutput({ program: 'exec sleep 60', keepAlive: true }))
  fill(channel, 'a')
  await channel.close(50)
  expect(channel.stats).toMatchObject({ delivered: 1, queued: 0, dropped: {} })
})
