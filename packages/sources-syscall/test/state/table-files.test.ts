import { expect, test } from 'vitest'
import { emptyFd } from '../../src/capture/descriptors.ts'
import { emptyProcess } from '../../src/capture/processes.ts'
import type { FdEntry } from '../../src/capture/visitor.ts'
import { FdKind, O_CLOEXEC } from '../../src/model/fd.ts'
import { SyscallState } from '../../src/state/state.ts'

const FILE = { ...emptyFd(3, FdKind.fileV2), ino: 9n, name: '/etc/hosts', openFlags: 1, dev: 7 }
const SOCKET = { ...emptyFd(3, FdKind.ipv4Server), sip: Uint8Array.of(127, 0, 0, 1), sport: 80 }

/** The descriptors of two processes, as a capture's tables give them: each has one, number 3. */
function tables({ first = FILE, second, readAll }: { first?: FdEntry; second?: FdEntry; readAll?: boolean }) {
  const state = new SyscallState({ readAll: readAll === true })
  for (const tid of [1, 2]) state.onProcess(emptyProcess(tid, tid, 0))
  state.onFd(1, first)
  state.onFd(2, second ?? first)
  state.onTablesEnd()
  return [1, 2].map(tid => state.tables.threads.get(tid)!.fds)
}

test.each([
  ['the same file', { second: { ...FILE, fd: 3 } }, true],
  ['another inode', { second: { ...FILE, ino: 10n } }, false],
  ['an inode with another upper half', { second: { ...FILE, ino: 9n + 2n ** 32n } }, false],
  ['another device', { second: { ...FILE, dev: 8 } }, false],
  ['another path', { second: { ...FILE, name: '/etc/passwd' } }, false],
  ['other open flags', { second: { ...FILE, openFlags: 3 } }, false],
  ['another kind', { second: { ...FILE, type: FdKind.file } }, false],
  ['sockets', { first: SOCKET }, false],
  ['with readAll', { readAll: true }, false],
])('two descriptors share one object only if all is equal: %s', (_, given, one) => {
  const [a, b] = tables(given)
  expect(a!.get(3) === b!.get(3)).toBe(one)
})

test('a change to a shared descriptor does not affect other processes', () => {
  const [a, b] = tables({})
  a!.setCloseOnExec(3, true)
  a!.own(3)!.name = '/etc/other'
  expect([a!.get(3), b!.get(3)]).toMatchObject([
    { name: '/etc/other', openFlags: 1 | O_CLOEXEC },
    { name: '/etc/hosts', openFlags: 1 },
  ])
})
