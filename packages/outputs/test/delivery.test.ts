import { afterEach, describe, expect, test, vi } from 'vitest'
import { EMPTY } from '../../../scripts/testing/empty.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { FileOutput, MemoryQueue, Outputs, type Target, type Transport } from '../src/index.ts'
import { QueuedItem } from '../src/model/item.ts'
import { failure, fill, Gate } from './gate.ts'
import { deliverLines, LINES, line } from './lines.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const fakeTimers = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })

test('a full queue drops and counts new alerts, and logs it once', async () => {
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

test('only the message that the receiver rejects is lost', async () => {
  const gate = new Gate(4)
  const channel = deliverLines(gate)
  fill(channel, 'a', 'b', 'c', 'd')
  await gate.pass(1, failure('poison', 'http_400'))
  await gate.pass(0, failure('poison', 'http_400'))
  await gate.pass()
  expect(gate.sent).toEqual([['a', 'b', 'c', 'd'], ['b'], ['c', 'd']])
  expect(channel.stats).toMatchObject({ delivered: 3, queued: 0, dropped: { http_400: 1 } })
})

test('a broken output drops and counts all alerts, queued and new', async () => {
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

test('a producer can wait until a full queue has room', async () => {
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

test('a slow call is reported and not interrupted', async () => {
  const gate = new Gate()
  const log: string[] = []
  const channel = deliverLines(gate, { timeout: 10, log: (level, text) => log.push(`${level}: ${text}`) })
  fill(channel, 'a')
  await eventually(() => expect(log).toEqual(['critical: "gate" output timeout, the output channel is blocked']))
  await gate.pass()
  expect(channel.stats).toMatchObject({ delivered: 1, timeouts: 1 })
})

test('closing gives up after a time without progress, and counts the lost alerts', async () => {
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

test('closing goes on while the receiver takes some alerts of each batch', async () => {
  fakeTimers()
  const gate = new Gate(4)
  const channel = deliverLines(gate, { backoff: { first: 40, max: 40 } })
  fill(channel, 'a', 'b', 'c', 'd')
  const closed = channel.close(100)
  for (let i = 0; i < 3; i++) {
    await gate.pass(1, failure('later', 'http_429'))
    await vi.advanceTimersByTimeAsync(80)
  }
  await gate.pass()
  await closed
  expect(channel.stats).toMatchObject({ delivered: 4, queued: 0, dropped: EMPTY })
})

test('closing does not wait for a receiver that never says that the connection is closed', async () => {
  fakeTimers()
  const gate = new Gate()
  gate.close = () => new Promise<never>(() => {})
  const channel = deliverLines(gate)
  fill(channel, 'a')
  const closed = channel.close(10)
  await vi.advanceTimersByTimeAsync(5000)
  await closed
  expect(channel.stats).toMatchObject({ delivered: 0, queued: 0, dropped: { shutdown: 1 } })
})

test('an error of closing is logged, and the queue is closed all the same', async () => {
  const gate = new Gate()
  gate.close = () => Promise.reject(new Error('gate: lost at the end'))
  const queue = new MemoryQueue()
  const closing = vi.spyOn(queue, 'close')
  const log: string[] = []
  const channel = deliverLines(gate, { queue, log: (level, text) => log.push(`${level}: ${text}`) })
  fill(channel, 'a')
  await eventually(() => expect(gate.sent).toEqual([['a']]))
  const stop = new AbortController()
  const closed = channel.close(undefined, stop.signal)
  stop.abort()
  await closed
  expect(log).toContain('error: gate: lost at the end')
  expect(closing).toHaveBeenCalledOnce()
})

test('an alert that comes just when the last one has been delivered does not wait for another', async () => {
  const transport: Transport = { send: async items => ({ delivered: items.length }), close: async () => {} }
  const target: Target = { name: 'quick', batch: { items: 1 }, open: async () => transport }
  // The delivery of the first one ends after one of these numbers of turns.
  for (let turns = 0; turns < 40; turns++) {
    const channel = deliverLines(target)
    fill(channel, 'a')
    for (let i = 0; i < turns; i++) await Promise.resolve()
    fill(channel, 'b')
    await eventually(() => expect(channel.stats).toMatchObject({ delivered: 2, queued: 0 }))
  }
})

test('a connection that comes after the deadline is reported as late, and closed', async () => {
  fakeTimers()
  const gate = new Gate()
  const open = () => new Promise<Transport>(resolve => setTimeout(() => resolve(gate), 150))
  const target: Target = { name: 'late', batch: gate.batch, deadline: 100, open }
  const log: string[] = []
  fill(deliverLines(target, { log: (level, text) => log.push(`${level}: ${text}`) }), 'a')
  await vi.advanceTimersByTimeAsync(160)
  expect(log).toEqual(['error: late: no answer within 100 ms; retrying'])
  expect(gate.forced).toBe(true)
  expect(gate.sent).toEqual([])
})

test('a connection that still fails when the output is closed is no recovery', async () => {
  const last = Promise.withResolvers<never>()
  const attempts = [() => Promise.reject(new Error('in use')), () => last.promise]
  const target: Target = { name: 'server', batch: { items: 1 }, open: () => attempts.shift()!() }
  const log: string[] = []
  const channel = deliverLines(target, {
    ...{ lazy: true, listens: true, backoff: { first: 1, max: 1 }, timeout: 2 ** 31 - 1 },
    log: (_, text) => log.push(text),
  })
  await channel.open()
  await eventually(() => expect(attempts).toHaveLength(0))
  await channel.close(0)
  last.reject(new Error('in use'))
  await new Promise(setImmediate)
  expect(log).toEqual(['server: in use; retrying'])
})

test('lingering messages go out together, after the delay or when the batch is full', async () => {
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

test('reopening happens before the next message is sent', async () => {
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

test('a receiver that does not answer when it is reopened stays in use', async () => {
  fakeTimers()
  const gate = new Gate(1)
  const transport: Transport = { send: items => gate.send(items), close: async () => {} }
  const opened = [Promise.resolve(transport), new Promise<never>(() => {})]
  const target: Target = { name: 'slow', batch: gate.batch, deadline: 100, open: () => opened.shift()! }
  const log: string[] = []
  const channel = deliverLines(target, { log: (level, text) => log.push(`${level}: ${text}`) })
  fill(channel, 'a')
  await vi.advanceTimersByTimeAsync(0)
  await gate.pass()
  const reopened = channel.reopen()
  fill(channel, 'b')
  await vi.advanceTimersByTimeAsync(1150)
  await gate.pass()
  await reopened
  expect(gate.sent).toEqual([['a'], ['b']])
  expect(log).toEqual(['error: slow: no answer within 100 ms (reopening)'])
})

test('a queue keeps its order over many rounds, and counts no bytes when empty', () => {
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

describe('memory', () => {
  test('the queue is bounded in bytes', () => {
    const channel = deliverLines(new Gate(), { maxBytes: 1_000_000 })
    for (let i = 0; i < 1000; i++) channel.push(line('x'.repeat(10_000)))
    const { queued, queuedBytes, dropped } = channel.stats
    expect(queuedBytes).toBeLessThanOrEqual(1_000_000)
    expect(queued + dropped.queue_full!).toBe(1000)
    expect(queued).toBeGreaterThan(40)
  })

  test('an empty queue accepts a single message of any size', () => {
    const channel = deliverLines(new Gate(), { maxBytes: 1000 })
    fill(channel, 'x'.repeat(10_000), 'y')
    expect(channel.stats).toMatchObject({ queued: 1, dropped: { queue_full: 1 } })
  })
})
