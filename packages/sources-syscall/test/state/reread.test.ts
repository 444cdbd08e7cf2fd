/** What is read from /proc again after losses, and what stays as events have described it. */
import { describe, expect, test } from 'vitest'
import { emptyFd } from '../../src/capture/descriptors.ts'
import { Reread } from '../../src/live/reread.ts'
import { MAX_PICTURED } from '../../src/live/wire.ts'
import { Fd, FdKind } from '../../src/model/fd.ts'
import { FdTable } from '../../src/model/fd-table.ts'
import { Tables } from '../../src/state/tables.ts'

const LOSS = 1000n

function file(num: number, name: string, ino = 0): Fd {
  const fd = new Fd(num, FdKind.file)
  fd.name = name
  fd.inoLow = ino
  return fd
}

/** Processes that start at 1, 2, … and run another program at `exec`. */
function machine(processes: number, exec: bigint): Tables {
  const tables = new Tables()
  for (let pid = 1; pid <= processes; pid++) {
    const thread = tables.newThread(pid, pid, 0, new FdTable())
    thread.cloneTs = BigInt(pid)
    thread.lastExecTs = exec
    tables.threads.add(thread)
  }
  return tables
}

describe('descriptors of a new process', () => {
  const tables = machine(1, LOSS)
  const thread = tables.threads.get(1)!
  const { fds } = thread
  const socket = new Fd(5, FdKind.ipv4Socket)
  for (const fd of [file(0, '/dev/pts/0'), file(1, '/tmp/log', 7), file(2, '/link', 8), file(4, '/old'), socket])
    fds.set(fd.num, fd)
  const reread = new Reread(tables, LOSS)
  fds.set(4, file(4, '/newer'))
  fds.delete(1)
  for (const [num, name, ino] of [
    [0, '/dev/null', 1n],
    [1, '/tmp/log', 7n],
    [2, '/target', 8n],
    [3, '/tmp/missed', 9n],
    [4, '/older', 10n],
  ] as const)
    reread.onFd(1, { ...emptyFd(num, FdKind.fileV2), name, ino })
  reread.onFd(1, { ...emptyFd(5, FdKind.unixSocket) })

  test.each([
    ['another file under its number replaces what was known', 0, '/dev/null'],
    ['one that an event has closed since stays closed', 1, undefined],
    ['the same file keeps its name', 2, '/link'],
    ['one whose open was lost is known', 3, '/tmp/missed'],
    ['one that an event has described since stays', 4, '/newer'],
  ])('%s', (_, num, name) => expect(fds.get(num)?.name).toBe(name))

  test('a socket stays, as /proc does not show who connected', () => expect(fds.get(5)).toBe(socket))
})

test('processes older than the loss, and new ones that reuse an id, are left alone', () => {
  const old = machine(1, LOSS - 1n)
  expect(new Reread(old, LOSS).pids).toEqual([])
  const tables = machine(1, LOSS)
  const reread = new Reread(tables, LOSS)
  tables.removeThread(tables.threads.get(1)!, -1)
  tables.threads.add(tables.newThread(1, 1, 0, new FdTable()))
  reread.onFd(1, { ...emptyFd(0, FdKind.fileV2), name: '/dev/null' })
  expect(tables.threads.get(1)?.fds.size).toBe(0)
})

test('of too many processes, the newest are read and the others counted', () => {
  const { pids, left } = new Reread(machine(MAX_PICTURED + 3, 0n), 0n)
  expect([pids.length, pids[0], left]).toEqual([MAX_PICTURED, MAX_PICTURED + 3, 3])
})
