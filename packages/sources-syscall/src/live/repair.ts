import type { CaptureVisitor, FdEntry, ProcessEntry } from '../capture/visitor.ts'
import type { SyscallState } from '../state/state.ts'
import { readFd, readProcess } from '../state/tables.ts'

/**
 * Takes another picture of /proc, because events about the life of processes were lost or may have been: threads that nothing is known of are
 * added with their descriptors, threads that are there no more are taken out. What is known from events stays as it is.
 */
export class Repair implements CaptureVisitor {
  private readonly state: SyscallState
  private readonly since: bigint
  private readonly seen = new Set<number>()
  private readonly added = new Set<number>()

  /** @param since when the picture was asked for, ns since 1970: threads born later may be missing in it */
  constructor(state: SyscallState, since: bigint) {
    this.state = state
    this.since = since
  }

  onProcess(entry: ProcessEntry): void {
    const { state } = this
    this.seen.add(entry.tid)
    const known = state.threads.get(entry.tid)
    if (known !== null && !known.isInvalid) return
    if (state.threads.add(readProcess(state, entry), false)) this.added.add(entry.tid)
  }

  onFd(tid: number, entry: FdEntry): void {
    if (this.added.has(tid)) this.state.threads.get(tid)?.fds.set(entry.fd, readFd(this.state, entry))
  }

  /** The picture is complete. Returns how many threads were taken out. */
  finish(): number {
    const { state } = this
    for (const tid of this.added) {
      const thread = state.threads.get(tid)
      if (thread !== null) state.threads.link(thread)
    }
    const before = state.threads.removed
    for (const thread of [...state.threads]) {
      if (!this.seen.has(thread.tid) && thread.cloneTs < this.since) state.removeThread(thread, -1)
    }
    return state.threads.removed - before
  }
}
