import { afterEach, describe, expect, test, vi } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { FileOutput, MemoryQueue, Outputs } from '../src/index.ts'
import { QueuedItem } from '../src/model/item.ts'
import { failure, fill, Gate } from './gate.ts'
import { deliverLines, LINES, line } from './lines.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

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
