import type { CaptureVisitor, FdEntry, ProcessEntry } from '../capture/visitor.ts'
import { CL_CLONE_INVERTED } from '../model/clone-flags.ts'
import type { Thread } from '../model/thread.ts'
import { readFd, readProcess } from '../state/initial-tables.ts'
import type { Tables } from '../state/tables.ts'
import type { Reread } from './reread.ts'

/**
 * Applies a new snapshot of /proc after process lifecycle events were, or may have been, lost. Unknown threads are added with
 * their descriptors; threads that no longer exist are removed; a process that runs another program than the one known is
 * read anew, as its exec was lost, and so are the descriptors of new processes. Other state known from events is left unchanged.
 */
export class Reconcile implements CaptureVisitor {
  readonly #tables: Tables
  readonly #since: bigint
  readonly #reread: Reread | null
  readonly #seen = new Set<number>()
  readonly #added = new Set<number>()

  /** @param since when the snapshot was requested, ns since 1970: it may lack threads created later */
  constructor(tables: Tables, since: bigint, reread: Reread | null) {
    this.#tables = tables
    this.#since = since
    this.#reread = reread
  }

  onProcess(entry: ProcessEntry): void {
    const tables = this.#tables
    this.#seen.add(entry.tid)
    const known = tables.threads.get(entry.tid)
    if (known !== null && !known.isInvalid && !this.#missedExec(known, entry)) return
    const thread = readProcess(tables, entry)
    // The ring may still hold the clone that made it, which is older than the snapshot.
    thread.flags |= CL_CLONE_INVERTED
    if (tables.threads.add(thread, false)) this.#added.add(entry.tid)
  }

  /** The executable is another file, and no event says so that is newer than the snapshot. */
  #missedExec(known: Thread, entry: ProcessEntry): boolean {
    const differs = entry.exeIno !== 0n && known.exeIno !== 0n && known.exeIno !== entry.exeIno
    return differs && known.lastExecTs < this.#since && known.cloneTs < this.#since
  }

  onFd(tid: number, entry: FdEntry): void {
    const tables = this.#tables
    if (!this.#added.has(tid)) this.#reread?.onFd(tid, entry)
    else if (tables.keeps(entry)) tables.threads.get(tid)?.fds.set(entry.fd, readFd(tables, entry))
  }

  /** The snapshot is complete. Returns the number of threads removed. */
  finish(): number {
    const tables = this.#tables
    for (const tid of this.#added) {
      const thread = tables.threads.get(tid)
      if (thread !== null) tables.threads.link(thread)
    }
    const before = tables.threads.removed
    for (const thread of [...tables.threads]) {
      if (!this.#seen.has(thread.tid) && thread.cloneTs < this.#since) tables.removeThread(thread, -1)
    }
    return tables.threads.removed - before
  }
}
