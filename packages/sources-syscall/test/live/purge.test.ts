/** Threads whose exit was lost: the table is compared with /proc from time to time. */
import { describe, expect, test } from 'vitest'
import { DEADLINE_MS } from '../../../../scripts/testing/wait.ts'
import type { LiveOptions } from '../../src/live/live-options.ts'
import { type Live, openLive } from '../../src/live/open-live.ts'
import { FdTable } from '../../src/model/fd-table.ts'
import { missing, only } from './machine.ts'

const reason = missing()

describe.skipIf(reason !== undefined)('threads that have gone without a word', () => {
  /** Nothing but the state's own events, and room for those of a busy machine: what is lost would be repaired before. */
  const QUIET: LiveOptions = { ...only(), purgeInterval: 1 }

  /** Reads events while this holds, or as long as a test may wait. */
  async function readWhile(live: Live, condition: () => boolean): Promise<void> {
    const end = performance.now() + DEADLINE_MS
    while (condition() && performance.now() < end) {
      while (live.next());
      await live.fill()
    }
  }

  /** Ids that nobody has: Linux gives none so high unless it has to. */
  let next = 4_100_000

  /** Puts a thread in the table that is not in /proc. @param age seconds since its birth */
  function addGone({ state }: Live, age: number): number {
    const tid = next++
    const thread = state.tables.newThread(tid, tid, 1, new FdTable())
    thread.comm = 'gone'
    thread.cloneTs = BigInt(Date.now() - age * 1000) * 1_000_000n
    expect(state.tables.threads.add(thread)).toBe(true)
    return tid
  }

  test('are taken out when they are old enough, and counted', async () => {
    const live = await openLive({ ...QUIET, purgeTimeout: 60 })
    try {
      const [old, young] = [addGone(live, 120), addGone(live, 10)]
      const alive = live.state.tables.threads.get(process.pid)!
      await readWhile(live, () => live.state.tables.threads.get(old) !== null)
      expect(live.state.tables.threads.get(old)).toBe(null)
      expect(live.state.tables.threads.get(young)?.comm).toBe('gone')
      expect(live.state.tables.threads.get(process.pid)).toBe(alive)
      expect(live.counts.purged).toBeGreaterThanOrEqual(1)
      expect(live.counts.repairs).toBe(0)
    } finally {
      await live.close()
    }
  })

  test('stay where the interval is not over', async () => {
    const live = await openLive({ ...QUIET, purgeInterval: 60, purgeTimeout: 0 })
    try {
      const old = addGone(live, 120)
      const end = performance.now() + 1500
      await readWhile(live, () => performance.now() < end)
      expect(live.state.tables.threads.get(old)?.comm).toBe('gone')
      expect(live.counts.purged).toBe(0)
    } finally {
      await live.close()
    }
  })
})
