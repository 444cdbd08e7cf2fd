/** A file of /etc opened by names that hide where it is (ways.c): rules see its path. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../../src/events/ids.ts'
import { type Live, openLive } from '../../../src/live/open-live.ts'
import { missing, only, until } from '../machine.ts'

const reason = missing()
const NOT_ALLOWED = 3
/** As encoded in events. */
const O_SYNC = 0x80

const WAYS = `bind bound-file bound-root container overlay user-namespace detached-tree lazy-umount pivot setns
  parent cwd links dots proc-fd dev-fd handle thread files shared-directory beneath in-root`

describe.skipIf(reason !== undefined)('the path of a file in /etc', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-ways-'))
  const file = `/etc/falc-ways-${process.pid}`
  let live: Live
  beforeAll(async () => {
    execFileSync('cc', ['-pthread', join(import.meta.dirname, 'ways.c'), '-o', join(folder, 'ways')])
    writeFileSync(file, '')
    live = await openLive(only(PPME.PROCEXIT_1_E, PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_OPENAT2_X))
  })
  afterAll(async () => {
    await live?.close()
    rmSync(file, { force: true })
    rmSync(folder, { recursive: true, force: true })
  })

  test.for(WAYS.split(/\s+/))('is known when it is opened by way of %s', async (way, { skip }) => {
    const opened: string[] = []
    const done = promisify(execFile)(join(folder, 'ways'), [file, way], { cwd: mkdtempSync(join(folder, 'way-')) })
    const { pid } = done.child
    const code = done.then(
      () => 0,
      error => error.code as number,
    )
    let ended = false
    await until('its end', async () => {
      while (live.next()) {
        const { event } = live
        if (event.thread?.pid !== pid && event.thread?.ptid !== pid) continue
        if (event.type === PPME.PROCEXIT_1_E && event.tid === pid) ended = true
        if (event.type === PPME.SYSCALL_OPENAT_2_X || event.type === PPME.SYSCALL_OPENAT2_X) {
          const { fd } = event
          if (fd !== null && (fd.openFlags & O_SYNC) !== 0) opened.push(fd.name)
        }
      }
      await live.fill()
      return ended
    })
    if ((await code) === NOT_ALLOWED) skip('this machine lets nobody do that')
    expect(await code).toBe(0)
    expect(opened).toEqual([file])
  })
})
