/** What a process does through an io_uring is not a system call: it is not recorded, but counted. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLive } from '../../../src/live/open-live.ts'
import { missing, until } from '../machine.ts'

test.skipIf(missing() !== undefined)('requests to an io_uring are counted', async context => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-ring-'))
  const live = await openLive()
  try {
    execFileSync('cc', [join(import.meta.dirname, 'ring.c'), '-o', join(folder, 'ring')])
    const { status } = spawnSync(join(folder, 'ring'))
    if (status === 3) return context.skip('this machine does not allow io_uring')
    expect(status).toBe(0)
    await until('the count', async () => {
      while (live.next()) {}
      await live.fill()
      return live.counts.ioUring > 0
    })
  } finally {
    await live.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
