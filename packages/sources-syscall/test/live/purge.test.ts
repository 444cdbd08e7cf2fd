/** Threads whose exit was lost: the table is compared with /proc from time to time. */
import { describe, expect, test } from 'vitest'
import { DEADLINE_MS } from '../../../../scripts/testing/wait.ts'
import type { LiveOptions } from '../../src/live/live-options.ts'
import { type Live, openLive } from '../../src/live/open-live.ts'
import { FdTable } from '../../src/model/fd-table.ts'
import { missing, only } from './machine.ts'

const reason = missing()

describe.skipIf(reason !== undefined)('threads whose exit was lost', () => {
  /** Only the events that the state needs, and room for those of a busy machine: a loss would be repaired first. */
  const QUIET: LiveOptions = { ...only(), purgeInterval: 1 }

  /** Reads events while a condition holds, or until a test's deadline. */
  async function readWhile(live: Live, condition: () => boolean): Promise<void> {
    const end = performance.now() + DEADLINE_MS
    while (condition() && performance.now() < end) {
      while (live.next());
      await live.fill()
    }
  }

  /** Ids that no process has: Linux gives out none so high unless it has to. */
  let next = 4_100_000

  /** Adds a thread to the table that is not in /proc. @param age seconds since its birth */
  function addGone({ state }: Live, age: number): number {
    const tid = next++
    const thread = state.tables.newThread(tid, tid, 1, new FdTable())
    thread.comm = 'gone'
    thread.cloneTs = BigInt(Date.now() - age * 1000) * 1_000_000n
    expect(state.tables.threads.add(thread)).toBe(true)
    return tid
  }

  test('are removed when they are old enough, and counted', async () => {
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

  test('are not removed before the interval is over', async () => {
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
