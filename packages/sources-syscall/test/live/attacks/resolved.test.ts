/** A file opened by a name that hides where it leads (resolved.c): the event carries the file's own path. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compileOutput } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../../src/events/ids.ts'
import { type Live, openLive } from '../../../src/live/open-live.ts'
import { openCapture } from '../../../src/open-capture.ts'
import { Recorder } from '../../../src/recording/recorder.ts'
import { syscall } from '../../../src/source.ts'
import { missing, only, typesOf, until } from '../machine.ts'

const reason = missing()
const OPENS: readonly number[] = [PPME.SYSCALL_OPEN_X, PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_OPENAT2_X]
const ACTS = typesOf(/at2?$/)
const ATS = /^(mkdir|symlink|fchmod|fchown|mknod|link|rename|unlink)at$/

describe.skipIf(reason !== undefined)('the file’s own path', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'falc-resolved-')))
  const capture = join(folder, 'opens.scap')
  const line = compileOutput('%evt.type %evt.args', syscall())
  const recorded: string[] = []
  let live: Live
  let recorder: Recorder
  beforeAll(async () => {
    execFileSync('cc', [join(import.meta.dirname, 'resolved.c'), '-o', join(folder, 'resolved')])
    live = await openLive(only(...OPENS, ...ACTS, PPME.PROCEXIT_1_E))
    recorder = new Recorder(capture, { state: live.state, tap: () => {} })
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(['link', 'root', 'chroot', 'in-root', 'clone-fs', 'rights', 'fchdir', 'tree'])(
    'is in the event of an open by way of %s',
    async way => {
      const cwd = mkdtempSync(join(folder, `${way}-`))
      const secret = join(cwd, 'secret')
      writeFileSync(secret, '')
      const paths: string[] = []
      let ended = false
      const done = promisify(execFile)(join(folder, 'resolved'), [cwd, way])
      await until('its end', async () => {
        while (live.next()) {
          const { event } = live
          if (event.thread?.comm !== 'resolved') continue
          if (OPENS.includes(event.type)) {
            recorder.write(event)
            const name = event.text(event.type === PPME.SYSCALL_OPEN_X ? 1 : 2)
            if (name.endsWith('secret')) paths.push(event.resolved)
            if (event.resolved !== '') recorded.push(event.resolved)
          } else if (event.type === PPME.PROCEXIT_1_E && event.thread.args.includes(way)) ended = true
        }
        await live.fill()
        return ended && paths.length > 0
      })
      await done
      expect(paths).toEqual([secret])
    },
  )

  test('is recorded for calls relative to a directory whose descriptor came over a socket', async () => {
    const cwd = mkdtempSync(join(folder, 'acts-'))
    writeFileSync(join(cwd, 'secret'), '')
    const seen: string[] = []
    let ended = false
    const done = promisify(execFile)(join(folder, 'resolved'), [cwd, 'acts'])
    await until('its end', async () => {
      while (live.next()) {
        const { event } = live
        if (event.thread?.comm !== 'resolved') continue
        if (event.type === PPME.PROCEXIT_1_E && event.thread.args.includes('acts')) ended = true
        const [type, ...paths] = line(event)
          .replace(/[a-z]+=-?\d+\(?<d>[^)]*\)?/g, '')
          .match(/^\w+|\w+\((?:\/|<UNKNOWN>)[^)]*\)/g)!
        if (ATS.test(type!) && event.int64Number(0) >= 0) seen.push([type, ...paths].join(' '))
      }
      await live.fill()
      return ended
    })
    await done
    const path = (name: string) => `${name}(${cwd}/${name})`
    expect(seen).toEqual([
      `mkdirat ${path('made')}`,
      `symlinkat ${path('soft')}`,
      `fchmodat ${path('secret')}`,
      `fchownat ${path('secret')}`,
      `mknodat ${path('node')}`,
      `linkat ${path('secret')} ${path('hard')}`,
      `renameat ${path('hard')} ${path('moved')}`,
      `unlinkat ${path('soft')}`,
    ])
  })

  test('is in a recording, where no event has more parameters than its row in the event table', async () => {
    recorder.close()
    const replay = await openCapture(capture)
    const paths: string[] = []
    do
      while (replay.next()) {
        if (replay.event.resolved !== '') paths.push(replay.event.resolved)
        expect(replay.event.encodedParams).toBe(replay.event.nparams)
      }
    while (await replay.fill())
    replay.close()
    expect(paths).toEqual(recorded)
    expect(paths.length).toBeGreaterThan(7)
  })
})
