/** Ways to run a program other than a plain exec (execs.c): rules see the right program from its first act on. */
import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileOutput } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../../src/events/ids.ts'
import { type Live, openLive } from '../../../src/live/open-live.ts'
import { syscall } from '../../../src/source.ts'
import { missing, only, until } from '../machine.ts'

const reason = missing()

describe.skipIf(reason !== undefined)('the program that opens a file', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'falc-execs-')))
  const line = compileOutput('%proc.exepath [%proc.args] %proc.is_exe_from_memfd', syscall())
  let live: Live
  beforeAll(async () => {
    execFileSync('cc', ['-pthread', join(import.meta.dirname, 'execs.c'), '-o', join(folder, 'tool')])
    live = await openLive(only(PPME.SYSCALL_OPENAT_2_X))
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([
    ['plain', 'tool', '$DIR/tool [act] false'],
    // Since Linux 6.14 it is named after the file, before that after the descriptor's number.
    ['descriptor', /^(3|tool)$/, '$DIR/tool [act] false'],
    ['directory', 'tool', '$DIR/tool [act] false'],
    ['proc', '3', '$DIR/tool [act] false'],
    ['memfd', /^(4|memfd:sshd)$/, 'memfd:sshd [act] true'],
    ['link', 'sshd', '$DIR/tool [act] false'],
    ['script', 'script', '$DIR/tool [act ./script act] false'],
    ['thread', 'tool', '$DIR/tool [act] false'],
    ['vfork', 'tool', '$DIR/tool [act] false'],
    ['sibling', 'tool', '$DIR/tool [act] false'],
    ['unexecuted', 'tool', '$ALL/tool [unexecuted] false'],
    ['no-arguments', 'tool', '$DIR/tool [] false'],
    ['renamed', 'tool', '$DIR/tool [hide] false'],
  ])('is identified, however it was started: %s', async (way, name, expected) => {
    const cwd = mkdtempSync(join(folder, 'way-'))
    copyFileSync(join(folder, 'tool'), join(cwd, 'tool'))
    writeFileSync(join(cwd, 'loot'), '')
    spawn(join(folder, 'tool'), [way], { cwd, argv0: 'execs', stdio: 'ignore' })
    const seen: [name: string, rest: string][] = []
    await until('the act', async () => {
      while (live.next()) {
        const { event } = live
        if (event.type === PPME.SYSCALL_OPENAT_2_X && event.fd?.name === `${cwd}/loot`)
          seen.push([event.thread!.comm, line(event).replaceAll(cwd, '$DIR').replaceAll(folder, '$ALL')])
      }
      await live.fill()
      return seen.length > 0
    })
    expect(seen).toEqual([[expect.stringMatching(name), expected]])
  })
})
