/** An output that blocks for good: live feeds continue and that output loses alerts; finite feeds wait. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { loadConfig } from '../src/config/config.ts'
import { Log } from '../src/log.ts'
import { type Loaded, Session } from '../src/run/session.ts'
import type { Consumer, Feed } from '../src/sources/feed.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-blocked-'))
afterAll(() => rmSync(dir, { recursive: true }))

const CONFIG = [
  'stdout_output.enabled=false',
  'file_output.enabled=true',
  `file_output.filename=${join(dir, 'alerts')}`,
  'program_output.enabled=true',
  'program_output.keep_alive=true',
  'program_output.program=exec sleep 1000',
  'outputs_queue.capacity=10',
  'output_timeout=200',
]

/** A session with one feed, and what the feed sees of it. */
async function start(finite: boolean) {
  const log = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const config = loadConfig(undefined, CONFIG)
  const loaded = { config, rules: [], rulesFiles: [], loadedAt: 0n, captureDurations: new Map() } as unknown as Loaded
  const session = new Session(loaded, new Map([['test', {} as never]]), new Log(config))
  await session.open()
  const { promise: consumer, resolve } = Promise.withResolvers<Consumer>()
  const feed = {
    ...{ source: 'test', title: 'test', finite, losses: () => ({}), meter: {} },
    run: (given: Consumer, signal: AbortSignal) => {
      resolve(given)
      return new Promise<void>(done => signal.addEventListener('abort', () => done()))
    },
  } as Feed
  const ended = session.run([feed])
  const end = async () => {
    session.stop()
    session.stop()
    await ended
    log.mockRestore()
  }
  onTestFinished(end)
  const written = () => session.outputs().find(({ name }) => name === 'file')!.delivered
  return { log, consumer: await consumer, written, end }
}

const alert = (consumer: Consumer, count: number) => {
  for (let i = 0; i < count; i++) consumer.report!({ rule: 'r', priority: 'Notice', output: 'o'.repeat(1_000_000) })
}

test('a live feed waits once for a blocked output, until output_timeout; other outputs get every alert', async () => {
  const { consumer, written } = await start(false)
  expect(consumer.pause()).toBeUndefined()
  alert(consumer, 10)
  await eventually(() => expect(consumer.pause()).toBeInstanceOf(Promise))
  const wait = consumer.pause()
  for (let i = 0; i < 100; i++) expect(consumer.pause()).toBe(wait)
  await wait
  expect(consumer.pause()).toBeUndefined()
  // The other output gets every alert.
  for (let sent = 10; sent < 100; sent += 10) {
    await eventually(() => expect(written()).toBe(sent))
    alert(consumer, 10)
  }
  await eventually(() => expect(written()).toBe(100))
  expect(consumer.pause()).toBeUndefined()
})

test('a finite feed waits for a blocked output until the run is stopped', async () => {
  const { log, consumer, end } = await start(true)
  alert(consumer, 10)
  const wait = consumer.pause()
  let over = false
  void wait!.then(() => (over = true))
  // After output_timeout.
  await eventually(() => expect(log.mock.calls.join()).toContain('the output channel is blocked'))
  expect(over).toBe(false)
  await end()
  await wait
})
