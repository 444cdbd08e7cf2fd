import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Channel, type Message, type OutputStats } from '../src/index.ts'
import { SINKS, type Sink } from './sinks.ts'

const message = (line: string): Message => ({ line, priority: 'Warning' })
const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `alert ${from + i} äöü 🦅 "quoted"`)

/** Nothing is lost without being counted. */
function balanced(stats: OutputStats): void {
  const lost = Object.values(stats.dropped).reduce((sum, n) => sum + n, 0)
  expect(stats.delivered + stats.queued + lost).toBe(stats.pushed)
}

describe.each(Object.entries(SINKS))('%s', (_, make) => {
  let sink: Sink
  let channel: Channel
  beforeEach(async () => {
    sink = await make()
    channel = new Channel(sink.output)
    await sink.output.open()
  })
  afterEach(() => sink.cleanUp())

  test('delivers every line, in order', async () => {
    const sent = numbered(40)
    for (const line of sent) channel.push(message(line))
    await channel.close()
    expect(await sink.received()).toEqual(sent)
    expect(channel.stats).toMatchObject({ pushed: 40, delivered: 40, queued: 0, dropped: {}, retries: 0 })
  })

  test('delivers a line of a megabyte', async () => {
    const sent = ['before', 'x'.repeat(1 << 20), 'after']
    for (const line of sent) channel.push(message(line))
    await channel.close()
    expect(await sink.received()).toEqual(sent)
  })

  test('reopening loses nothing', async () => {
    for (const line of numbered(5)) channel.push(message(line))
    await channel.flush()
    await channel.reopen()
    for (const line of numbered(5, 5)) channel.push(message(line))
    await channel.close()
    expect(await sink.received()).toEqual(numbered(10))
    balanced(channel.stats)
  })

  test('counts what a receiver that has gone does not get', async () => {
    channel.push(message('first'))
    await channel.flush()
    await sink.breakReceiver()
    for (const line of numbered(5)) channel.push(message(line))
    await channel.flush()
    const { dropped, delivered } = channel.stats
    if (sink.causes) {
      expect(delivered).toBeLessThan(6)
      for (const cause of Object.keys(dropped)) expect(cause).toMatch(sink.causes!)
    }
    balanced(channel.stats)
    await channel.close()
    balanced(channel.stats)
  })

  test('takes nothing after the end, and counts it', async () => {
    await channel.close()
    channel.push(message('late'))
    await channel.close()
    expect(channel.stats).toMatchObject({ pushed: 1, delivered: 0, dropped: { closed: 1 } })
    expect(await sink.received()).toEqual([])
  })
})
