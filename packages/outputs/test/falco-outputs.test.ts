import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EMPTY } from '../../../scripts/testing/empty.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import type { Delivery, OutputStats } from '../src/index.ts'
import { deliverLines, line } from './lines.ts'
import { SINKS, type Sink } from './sinks.ts'

const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `alert ${from + i} äöü 🦅 "quoted"`)

/** Nothing is lost without being counted. */
function balanced(stats: OutputStats): void {
  const lost = Object.values(stats.dropped).reduce((sum, n) => sum + n, 0)
  expect(stats.delivered + stats.queued + lost).toBe(stats.pushed)
}

const OPTIONS = { backoff: { first: 5, max: 20 }, stallTimeout: 300 }

describe.each(Object.entries(SINKS))('%s', (_, make) => {
  let sink: Sink
  let channel: Delivery
  const log: string[] = []
  const arrived = (lines: readonly string[]) => eventually(async () => expect(await sink.received()).toEqual(lines))
  beforeEach(async () => {
    log.length = 0
    sink = await make()
    channel = deliverLines(sink.output, { ...OPTIONS, log: (_, text) => log.push(text) })
    await channel.open()
  })
  afterEach(async () => {
    await channel.close()
    await sink.cleanUp()
  })

  test('delivers every line, in order', async () => {
    const sent = numbered(40)
    for (const text of sent) channel.push(line(text))
    await channel.close()
    await arrived(sent)
    expect(channel.stats).toMatchObject({ pushed: 40, delivered: 40, queued: 0, dropped: EMPTY, retries: 0 })
  })

  test('delivers a line of a megabyte', async () => {
    const sent = ['before', 'x'.repeat(1 << 20), 'after']
    for (const text of sent) channel.push(line(text))
    await channel.close()
    await arrived(sent)
  })

  test('reopening loses nothing', async () => {
    for (const text of numbered(5)) channel.push(line(text))
    await channel.flush()
    await channel.reopen()
    for (const text of numbered(5, 5)) channel.push(line(text))
    await channel.close()
    await arrived(numbered(10))
    balanced(channel.stats)
  })

  test('counts the alerts lost while the receiver is gone', async () => {
    channel.push(line('first'))
    await channel.flush()
    await sink.breakReceiver()
    for (const text of numbered(5)) channel.push(line(text))
    await channel.close()
    const { dropped, delivered, queued } = channel.stats
    expect(queued).toBe(0)
    if (sink.causes) {
      expect(delivered).toBeLessThan(6)
      for (const cause of Object.keys(dropped)) expect(cause).toMatch(sink.causes!)
    }
    balanced(channel.stats)
  })

  test('delivers waiting alerts after recovery; logs the failure and the recovery in one line each', async context => {
    if (!sink.restoreReceiver) return context.skip('the receiver cannot be restored')
    channel.push(line('first'))
    await channel.flush()
    await arrived(['first'])
    await sink.breakReceiver()
    for (const text of numbered(5)) channel.push(line(text))
    await eventually(() => expect(channel.stats.retries).toBeGreaterThan(2))
    expect(channel.stats).toMatchObject({ delivered: 1, queued: 5 })
    await sink.restoreReceiver()
    await channel.flush()
    await channel.close()
    await arrived(['first', ...numbered(5)])
    expect(log).toEqual([
      expect.stringMatching(/^\w+ output: .+; retrying$/),
      expect.stringMatching(/^\w+: recovered after \d+\.\d s; 5 alerts waited, 0 were lost$/),
    ])
  })

  test('drops and counts alerts pushed after it is closed', async () => {
    await channel.close()
    channel.push(line('late'))
    await channel.close()
    expect(channel.stats).toMatchObject({ pushed: 1, delivered: 0, dropped: { closed: 1 } })
    expect(await sink.received()).toEqual([])
  })
})
