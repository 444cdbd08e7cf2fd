import type { CaptureVisitor, FdEntry, ProcessEntry } from '../capture/visitor.ts'
import { type Fd, FdKind } from '../model/fd.ts'
import type { FdTable } from '../model/fd-table.ts'
import { EMPTY_LIST } from '../model/string-list.ts'
import type { Thread } from '../model/thread.ts'
import { listOf, readFd } from '../state/initial-tables.ts'
import type { Tables } from '../state/tables.ts'
import { MAX_PICTURED } from './wire.ts'

/**
 * Reads the descriptors of new processes from /proc once more, after events were lost: of a process that has just started, most of
 * what it is about to use is not older than the loss. What events have said since the request stays.
 */
export class Reread implements CaptureVisitor {
  /** New processes left out because there were too many: the newest are read. */
  readonly left: number
  readonly #tables: Tables
  /** The processes, and their tables as they were at the request. */
  readonly #asked = new Map<number, { readonly thread: Thread; readonly before: FdTable }>()

  /** @param since ns since 1970: processes that started, or ran another program, later */
  constructor(tables: Tables, since: bigint) {
    this.#tables = tables
    const young = [...tables.threads].filter(one => one.isMain && !one.isInvalid && beginOf(one) >= since)
    young.sort((a, b) => Number(beginOf(b) - beginOf(a)))
    this.left = Math.max(0, young.length - MAX_PICTURED)
    for (const thread of young.slice(0, MAX_PICTURED))
      this.#asked.set(thread.pid, { thread, before: thread.fds.snapshot() })
  }

  get pids(): readonly number[] {
    return [...this.#asked.keys()]
  }

  onFd(tid: number, entry: FdEntry): void {
    const asked = this.#asked.get(tid)
    if (asked === undefined || this.#tables.threads.get(tid) !== asked.thread) return
    const { fds } = asked.thread
    const known = fds.get(entry.fd)
    if (known !== asked.before.get(entry.fd)) return
    const read = readFd(this.#tables, entry)
    if (!this.#tables.keeps(entry)) {
      if (known !== null && isAnother(known, read)) fds.delete(entry.fd)
      return
    }
    if ((known === null || isAnother(known, read)) && !fds.set(entry.fd, read)) this.#tables.droppedFds++
  }
}

function beginOf({ cloneTs, lastExecTs }: Thread): bigint {
  return cloneTs > lastExecTs ? cloneTs : lastExecTs
}

/** Reads what is not known, when rules come that ask for it: descriptors of files, and environments. */
export class Unknown implements CaptureVisitor {
  readonly #tables: Tables
  /** When it was asked for, ns since 1970. */
  readonly #since = BigInt(Date.now()) * 1_000_000n

  constructor(tables: Tables) {
    this.#tables = tables
  }

  onProcess(entry: ProcessEntry): void {
    const thread = this.#tables.threads.get(entry.tid)
    if (thread === null || !thread.isMain || !this.#tables.keepsEnvironments) return
    // Of a program that was started later the event tells, unless the kernel did not know yet that it is wanted.
    const untold = thread.lastExecTs < this.#since || thread.ownEnv === EMPTY_LIST
    if (thread.exeIno !== entry.exeIno || !untold) return
    thread.ownEnv = listOf(entry.env)
    this.#tables.threads.changed(thread)
  }

  onFd(tid: number, entry: FdEntry): void {
    const thread = this.#tables.threads.get(tid)
    if (thread === null || thread.fds.get(entry.fd) !== null || !this.#tables.keeps(entry)) return
    if (!thread.fds.set(entry.fd, readFd(this.#tables, entry))) this.#tables.droppedFds++
  }
}

/** /proc does not tell all that events do, such as who connected: what may be the same stays. */
function isAnother(known: Fd, read: Fd): boolean {
  if (SOCKETS.has(known.type) && SOCKETS.has(read.type)) return false
  if (kindOf(known) !== kindOf(read)) return true
  if (hasIno(known) && hasIno(read)) return known.inoLow !== read.inoLow || known.inoHigh !== read.inoHigh
  return kindOf(known) === FdKind.fileV2 && known.name !== read.name
}

const SOCKETS: ReadonlySet<number> = new Set([
  FdKind.ipv4Socket,
  FdKind.ipv6Socket,
  FdKind.ipv4Server,
  FdKind.ipv6Server,
  FdKind.unixSocket,
  FdKind.netlink,
])

function kindOf({ type }: Fd): number {
  return type === FdKind.file ? FdKind.fileV2 : type
}

function hasIno({ inoLow, inoHigh }: Fd): boolean {
  return inoLow !== 0 || inoHigh !== 0
}
