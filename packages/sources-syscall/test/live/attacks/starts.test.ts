/** Calls that return no file, with paths that hide where they start (starts.c): rules see the path that they lead to. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compileOutput } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../../src/events/ids.ts'
import { type Live, openLive } from '../../../src/live/open-live.ts'
import { syscall } from '../../../src/source.ts'
import { missing, only, typesOf, until } from '../machine.ts'

const CALLS = typesOf(/^(mkdir|rename|rmdir|unlink)/)
const WAYS = `bind lazy-umount detached-tree pivot setns root chroot proc-root proc-cwd proc-fd dev-fd depth
  decoy-directory decoy-descriptor`

describe.skipIf(missing() !== undefined)('rules see that a directory of /etc is made, renamed and removed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-starts-'))
  const name = `falc-starts-${process.pid}`
  const line = compileOutput('%evt.type %fs.path.name %fs.path.source %fs.path.target', syscall())
  const args = compileOutput('%evt.args', syscall())
  let live: Live
  beforeAll(async () => {
    execFileSync('cc', ['-pthread', join(import.meta.dirname, 'starts.c'), '-o', join(folder, 'starts')])
    live = await openLive(only(...CALLS, PPME.PROCEXIT_1_E))
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(WAYS.split(/\s+/))('by way of %s', async way => {
    const seen: string[] = []
    const texts: string[] = []
    let ended = false
    const done = promisify(execFile)(join(folder, 'starts'), [name, way], { cwd: mkdtempSync(join(folder, 'way-')) })
    const { pid } = done.child
    await until('its end', async () => {
      while (live.next()) {
        const { event } = live
        if (event.thread?.pid !== pid) continue
        if (event.type === PPME.PROCEXIT_1_E && event.tid === pid) ended = true
        const text = line(event)
        if (!text.includes(name)) continue
        seen.push(text.replace(/^(mkdir|rename)(at2?)? /, '$1 ').replace(/^(rmdir|unlinkat) /, 'remove '))
        texts.push(args(event))
      }
      await live.fill()
      return ended
    })
    await done
    expect(seen).toEqual([
      `mkdir /etc/${name} <NA> <NA>`,
      `rename <NA> /etc/${name} /etc/${name}.2`,
      `remove /etc/${name}.2 <NA> <NA>`,
    ])
    expect(texts[0]).toContain(`/${name}(/etc/${name})`.slice(way.startsWith('proc') || way === 'dev-fd' ? 0 : 1))
  })
})
