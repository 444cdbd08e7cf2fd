/** A reused process id (reuse.c): nothing of the earlier process is attributed to the new one. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../../src/events/ids.ts'
import { type Live, openLive } from '../../../src/live/open-live.ts'
import { caughtUp, missing, until } from '../machine.ts'

describe.skipIf(missing() !== undefined)('a process with a reused id', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'falc-reuse-')))
  let live: Live
  beforeAll(async () => {
    execFileSync('cc', [join(import.meta.dirname, 'reuse.c'), '-o', join(folder, 'reuse')])
    live = await openLive()
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('has none of the earlier process’s descriptors', async () => {
    // Repeated if another process got the id, or if the machine was so busy that events were lost.
    const seen = await until('both processes', async () => {
      const pid = Number(spawnSync(join(folder, 'reuse'), { cwd: folder, encoding: 'utf8' }).stdout)
      const over = BigInt(Date.now()) * 1_000_000n
      const allRead = caughtUp(live)
      const lines: string[] = []
      do {
        while (live.next()) {
          const { event } = live
          if (event.type === PPME.SYSCALL_FCHMOD_X && event.tid === pid)
            lines.push(`${event.thread?.comm} ${event.fd === null ? 'unknown' : event.fd.name}`)
        }
        await live.fill()
      } while (lines.length < 2 && !allRead(over))
      return lines.length === 2 && lines
    })
    expect(seen).toEqual([`reuse ${folder}/falc-first`, 'reuse unknown'])
  })
})
