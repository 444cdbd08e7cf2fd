import { Thread } from './thread.ts'
import { ThreadGroup } from './thread-group.ts'
import type { ThreadIndex } from './thread-index.ts'
import { WorkingDirectory } from './working-directory.ts'

/** Maximum number of ancestors copied with a thread; rules look at only a few. */
const MAX_ANCESTORS = 32

/**
 * A copy of a thread, its ancestors and its process's descriptors, for an event that is evaluated later. Look-ups try the
 * copies first, then the live thread table.
 */
export class ThreadSnapshot implements ThreadIndex<Thread> {
  /** Memos of a copy stay valid, because the copy never changes. */
  readonly epoch = 0
  ancestorsCut = 0
  readonly #threads = new Map<number, Thread>()
  readonly #table: ThreadIndex<Thread>

  constructor(table: ThreadIndex<Thread>) {
    this.#table = table
  }

  get(tid: number): Thread | null {
    return this.#threads.get(tid) ?? this.#table.get(tid)
  }

  /** Copies a thread, its main thread and its ancestors, up to a limit. */
  take(thread: Thread): Thread {
    const copy = this.#copy(thread)
    copy.fds = thread.fds.snapshot()
    const { leader } = copy
    if (leader !== null) leader.fds = leader.fds === thread.fds ? copy.fds : leader.fds.snapshot()
    let next = thread.leader?.parent ?? null
    for (let i = 0; i < MAX_ANCESTORS && next !== null && !this.#threads.has(next.tid); i++) {
      this.#copy(next)
      next = next.leader?.parent ?? null
    }
    return copy
  }

  /** Copies a thread and, if different, the main thread of its process. */
  #copy(thread: Thread): Thread {
    const known = this.#threads.get(thread.tid)
    if (known !== undefined) return known
    const copy = new Thread(this, thread.tid, thread.pid, thread.ptid, thread.fds, thread.container)
    this.#threads.set(thread.tid, copy)
    Object.assign(copy, thread, {
      ...{ table: this, memo: null, epoch: 0, group: null, previous: null, next: null, siblings: null },
      ownDirectory: thread.ownDirectory === null ? null : new WorkingDirectory(thread.ownDirectory.path),
    })
    if (thread.group !== null) {
      const leader = thread.leader
      const group = new ThreadGroup<Thread>(thread.group.pid, thread.group.reaper)
      const main = leader === null || leader === thread ? null : this.#copy(leader)
      copy.group = Object.assign(group, { alive: thread.group.alive })
      // Fields use only a group's main thread and size, not its other members.
      group.main = leader === thread ? copy : main
    }
    return copy
  }
}
