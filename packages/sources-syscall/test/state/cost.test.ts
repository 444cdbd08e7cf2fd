import { expect, test } from 'vitest'
import { growth } from '../../../../scripts/testing/cost.ts'
import { SyscallEvent } from '../../src/event.ts'
import { PPME } from '../../src/events/ids.ts'
import { PARAM_SIZES, type ParamInfo } from '../../src/events/params.ts'
import type { EventCode } from '../../src/events/positions.ts'
import { EVENTS, EventFlag } from '../../src/events/table.ts'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'
import { FdTable } from '../../src/model/fd-table.ts'
import { WorkingDirectory } from '../../src/model/working-directory.ts'
import { SyscallState } from '../../src/state/state.ts'

/**
 * What an event costs does not depend on how much the tables hold. Each event type is applied to a small and to a large state,
 * and the times are compared: what walks a table takes a hundred times as long for the large one.
 */
const SMALL = 1_000
const LARGE = 100_000
/** Far below the ratio of the sizes, far above what caches and a busy machine make of it. */
const MAX_RATIO = 25
const BATCH = 100
const BATCHES = 4
/** Microseconds: cheaper events are not compared, since only the clock and the garbage collector would be measured. */
const NEGLIGIBLE = 4
/** Microseconds per event that the clock of CPU time resolves in a batch: less reads as 0. */
const RESOLUTION = 2

const encoder = new TextEncoder()
const LEADER = 10
const FIRST_THREAD = 1_000_000
const FIRST_CHILD = 2_000_000
const FIRST_NEW = 3_000_000
const FIRST_PARENT = 100_000
const PARENTS = BATCH * BATCHES + 1

/** A process with `n` threads, `n` child processes that it leads as session and group, as many descriptors as fit, and many ancestors. */
function crowd(n: number): SyscallState {
  const state = new SyscallState({ threadTableSize: 10 * LARGE })
  const { tables } = state
  const add = (tid: number, pid: number, ptid: number) => {
    const thread = tables.newThread(tid, pid, ptid, new FdTable(tid === pid ? undefined : 0))
    thread.flags = tid === pid ? 0 : 0x2001
    thread.vtid = tid
    thread.vpid = pid
    if (tid === pid) thread.ownDirectory = new WorkingDirectory('/')
    tables.threads.setLeaders(thread, LEADER, LEADER, LEADER)
    tables.threads.add(thread)
  }
  add(1, 1, 0)
  for (let i = 0; i < PARENTS; i++) add(FIRST_PARENT + i, FIRST_PARENT + i, i === 0 ? 1 : FIRST_PARENT + i - 1)
  add(LEADER, LEADER, FIRST_PARENT + PARENTS - 1)
  for (let i = 0; i < n; i++) {
    add(FIRST_THREAD + i, LEADER, FIRST_PARENT + PARENTS - 1)
    add(FIRST_CHILD + i, FIRST_CHILD + i, LEADER)
  }
  const open = eventOf('SYSCALL_OPENAT_2_X', LEADER, { fd: 0, dirfd: -100 })
  for (let i = 0; i < n; i++) {
    open.view.setBigInt64(open.paramOffset(0), BigInt(3 + i), true)
    state.apply(open)
  }
  return state
}

/** An event of a thread; numbers by parameter name, others are 1. */
function eventOf(code: EventCode, tid: number, values: Readonly<Record<string, number>>): SyscallEvent {
  const info = EVENTS[PPME[code]]!
  const params = info.params.map(param => encode(param, values[param.name] ?? 1))
  const wide = info.flags & EventFlag.large_payload ? 4 : 2
  const size = 26 + params.reduce((sum, param) => sum + wide + param.length, 0)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, 1_700_000_000_000_000_000n, true)
  view.setBigInt64(8, BigInt(tid), true)
  view.setUint32(16, size, true)
  view.setUint16(20, info.id, true)
  view.setUint32(22, params.length, true)
  let at = 26 + wide * params.length
  for (const [i, param] of params.entries()) {
    if (wide === 2) view.setUint16(26 + 2 * i, param.length, true)
    else view.setUint32(26 + 4 * i, param.length, true)
    bytes.set(param, at)
    at += param.length
  }
  const event = new SyscallEvent()
  if (!event.attach(bytes, view, 0, size)) throw new TypeError(`${code}: not an event`)
  return event
}

function encode(param: ParamInfo, value: number): Uint8Array {
  const size = PARAM_SIZES[param.type]
  if (size === 0) {
    if (param.type === 'sockaddr') return Uint8Array.of(2, 10, 0, 0, 1, 80, 0)
    if (param.type === 'socktuple') return Uint8Array.of(2, 10, 0, 0, 1, 80, 0, 10, 0, 0, 2, value & 255, 1)
    return encoder.encode(`/x${value}\0`)
  }
  const bytes = new Uint8Array(size)
  let rest = BigInt.asUintN(64, BigInt(value))
  for (let i = 0; i < size; i++, rest >>= 8n) bytes[i] = Number(rest & 255n)
  return bytes
}

/** The n-th event of a type: where it matters, it differs from the one before, and concerns a table that is crowded. */
function nth(code: EventCode, n: number): SyscallEvent {
  const fresh = FIRST_NEW + n
  const common = {
    res: 0,
    fd: 4,
    oldfd: 4,
    dirfd: -100,
    pid: LEADER,
    tid: LEADER,
    ptid: 1,
    uid: n,
    gid: n,
    euid: n,
    egid: n,
  }
  if (/CLONE|FORK/.test(code))
    return eventOf(code, LEADER, { ...common, res: fresh, flags: n % 2 === 0 ? 0 : 0x2001, vtid: 1 })
  if (code.includes('EXECVE'))
    return eventOf(code, FIRST_CHILD + n, { ...common, pid: FIRST_CHILD + n, tid: FIRST_CHILD + n })
  if (code === 'PROCEXIT_1_E')
    return eventOf(code, FIRST_PARENT + PARENTS - 1 - n, { reaper_tid: FIRST_PARENT + PARENTS - 2 - n })
  if (code === 'SYSCALL_CLOSE_RANGE_X')
    return eventOf(code, LEADER, {
      ...common,
      first: n % 2 === 0 ? 100 : 5000,
      last: 19_000,
      flags: n % 2 === 0 ? 4 : 0,
    })
  if (code === 'SYSCALL_PRCTL_X') return eventOf(code, LEADER, { ...common, option: 36, arg2_int: n })
  if (code === 'SYSCALL_PRLIMIT_X') return eventOf(code, LEADER, { ...common, resource: 7, newcur: n })
  if (code.includes('RLIMIT')) return eventOf(code, LEADER, { ...common, resource: 7, cur: n })
  if (code === 'SYSCALL_SETSID_X') return eventOf(code, LEADER, { res: LEADER + (n % 2) })
  if (code === 'SYSCALL_FCNTL_X') return eventOf(code, LEADER, { ...common, cmd: 3, arg: n % 2 })
  return eventOf(code, LEADER, { ...common, path: n, name: n, tuple: n })
}

/** Microseconds of CPU time per event: the best of some batches. */
function cost(state: SyscallState, code: EventCode): number {
  let best = Number.POSITIVE_INFINITY
  for (let batch = 0; batch < BATCHES; batch++) {
    const events = Array.from({ length: BATCH }, (_, i) => nth(code, batch * BATCH + i))
    const start = process.threadCpuUsage()
    for (const event of events) state.apply(event)
    const { user, system } = process.threadCpuUsage(start)
    best = Math.min(best, (user + system) / BATCH)
  }
  return best
}

test('the cost of an event does not grow with the number of threads, children and descriptors', () => {
  const small = crowd(SMALL)
  const large = crowd(LARGE)
  const last: EventCode[] = ['SYSCALL_CLOSE_RANGE_X', 'SYSCALL_EXECVE_19_X', 'SYSCALL_EXECVEAT_X', 'PROCEXIT_1_E']
  const codes = EVENTS.map(event => event.code as EventCode).filter(code => !last.includes(code))
  const costly: string[] = []
  for (const code of [...codes, ...last]) {
    const few = cost(small, code)
    const many = cost(large, code)
    if (many > NEGLIGIBLE && many > MAX_RATIO * Math.max(few, RESOLUTION))
      costly.push(`${code}: ${few.toFixed(2)} us, then ${many.toFixed(2)} us`)
  }
  expect(costly).toEqual([])
})

test('the cost of a field does not grow with the number of ancestors', () => {
  const fields = Object.values(SYSCALL_FIELDS).filter(({ arg }) => arg !== 'required')
  const crowds = new Map([SMALL, LARGE].map(depth => [depth, below(depth)]))
  const extract = (depth: number) => {
    const { event } = crowds.get(depth)!
    for (let i = 0; i < BATCH / 10; i++) for (const field of fields) field.extract(event)
  }
  expect(growth(extract, SMALL, LARGE / SMALL)).toBeLessThan(MAX_RATIO)
  for (const { tables } of crowds.values()) expect(tables.losses.ancestorsCut).toBeGreaterThan(0)
})

/** An event of a thread with this many ancestors. */
function below(depth: number) {
  const { tables } = new SyscallState({ threadTableSize: 2 * LARGE })
  for (let tid = 1; tid <= depth; tid++) tables.threads.add(tables.newThread(tid, tid, tid - 1, new FdTable()))
  const event = eventOf('SYSCALL_GETCWD_X', depth, { res: 0 })
  event.thread = tables.threads.get(depth)
  event.tables = tables
  return { event, tables }
}
