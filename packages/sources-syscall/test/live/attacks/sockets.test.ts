/** Sockets made by another process, and connections made without connect (sockets.c): ends and protocol are known at each use. */
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
import { missing, only, until } from '../machine.ts'

/** The program's exit code where the machine cannot do that. */
const NOT_HERE = 3
const CONNECT = /^connect \d ipv4 tcp 127\.0\.0\.1 (\d+) /

describe.skipIf(missing() !== undefined)('the ends and protocol of a socket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-sockets-'))
  const line = compileOutput('%evt.type %fd.num %fd.type %fd.l4proto %fd.sip %fd.cport %fd.name', syscall())
  let live: Live
  beforeAll(async () => {
    execFileSync('cc', [join(import.meta.dirname, 'sockets.c'), '-o', join(folder, 'sockets')])
    live = await openLive(
      only(
        PPME.SYSCALL_EXECVE_19_X,
        PPME.PROCEXIT_1_E,
        PPME.SYSCALL_DUP2_X,
        PPME.SYSCALL_FCNTL_X,
        PPME.SOCKET_CONNECT_X,
        PPME.SOCKET_SENDTO_X,
        PPME.SOCKET_SENDMSG_X,
        PPME.SOCKET_SENDMMSG_X,
      ),
    )
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.for([
    ['dup', PPME.SYSCALL_DUP2_X, /^dup2 0 ipv4 tcp 127\.0\.0\.1 (\d+) /],
    ['fcntl', PPME.SYSCALL_FCNTL_X, /^fcntl 10 ipv4 tcp 127\.0\.0\.1 (\d+) /],
    ['unix-dup', PPME.SYSCALL_DUP2_X, /^dup2 0 unix .*->\w+ (.+)$/],
    ['unix-fcntl', PPME.SYSCALL_FCNTL_X, /^fcntl 10 unix .*->\w+ (.+)$/],
    ['unix-connect', PPME.SOCKET_CONNECT_X, /^connect \d unix .*->\w+ (.+)$/],
    ['connect', PPME.SOCKET_CONNECT_X, CONNECT],
    ['sendto', PPME.SOCKET_CONNECT_X, CONNECT],
    ['sendmsg', PPME.SOCKET_CONNECT_X, CONNECT],
    ['sendmmsg', PPME.SOCKET_CONNECT_X, CONNECT],
    ['mptcp', PPME.SOCKET_CONNECT_X, CONNECT],
  ] as const)('are known when it is used by %s', async ([how, type, expected], { skip }) => {
    const lines: string[] = []
    let ended = false
    const done = promisify(execFile)(join(folder, 'sockets'), [how], { cwd: mkdtempSync(join(folder, 'way-')) })
    const code = done.then(
      () => 0,
      error => error.code as number,
    )
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
    if ((await code) === NOT_HERE) skip(`this machine does not connect by ${how}`)
    const end = (await done).stdout.trim()
    expect(lines).toEqual([expect.stringMatching(expected)])
    expect(expected.exec(lines[0]!)![1]).toBe(end)
  })
})
