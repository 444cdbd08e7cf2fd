/** A socket that a process got from another one (sockets.c): its ends and its protocol are known where it is used. */
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
import { missing, until } from '../machine.ts'

describe.skipIf(missing() !== undefined)('a socket that came over another', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-sockets-'))
  const line = compileOutput('%evt.type %fd.num %fd.type %fd.l4proto %fd.sip %fd.cport', syscall())
  let live: Live
  beforeAll(async () => {
    execFileSync('cc', [join(import.meta.dirname, 'sockets.c'), '-o', join(folder, 'sockets')])
    live = await openLive()
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([
    ['dup', PPME.SYSCALL_DUP2_X, /^dup2 0 ipv4 tcp 127\.0\.0\.1 (\d+)$/],
    ['fcntl', PPME.SYSCALL_FCNTL_X, /^fcntl 10 ipv4 tcp 127\.0\.0\.1 (\d+)$/],
    ['connect', PPME.SOCKET_CONNECT_X, /^connect \d ipv4 tcp 127\.0\.0\.1 (\d+)$/],
  ])('and that %s uses', async (how, type, expected) => {
    const lines: string[] = []
    let ended = false
    const done = promisify(execFile)(join(folder, 'sockets'), [how])
    let pid = 0
    await until('its end', async () => {
      while (live.next()) {
        const { event } = live
        if (event.thread?.comm !== 'sockets') continue
        if (event.type === PPME.SYSCALL_EXECVE_19_X) pid = event.tid
        if (event.tid !== pid) continue
        if (event.type === type) lines.push(line(event))
        ended ||= event.type === PPME.PROCEXIT_1_E
      }
      await live.fill()
      return ended
    })
    const port = (await done).stdout.trim()
    expect(lines).toEqual([expect.stringMatching(expected)])
    expect(expected.exec(lines[0]!)![1]).toBe(port)
  })
})
