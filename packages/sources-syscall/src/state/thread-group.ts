import type { Thread } from './thread.ts'

/** The threads of one process. */
export class ThreadGroup {
  readonly pid: number
  /** The main thread first, if it is known. */
  readonly threads: Thread[] = []
  /** Threads that have not exited (proc.nthreads). */
  alive = 0
  /** Orphans below it are given to it: pid 1 of a namespace, or PR_SET_CHILD_SUBREAPER. */
  reaper: boolean

  constructor(pid: number, reaper: boolean) {
    this.pid = pid
    this.reaper = reaper
  }

  get first(): Thread | null {
    return this.threads.length === 0 ? null : this.threads[0]
  }

  add(thread: Thread): void {
    if (thread.isMain) this.threads.unshift(thread)
    else this.threads.push(thread)
    this.alive++
  }

  remove(thread: Thread): void {
    const at = this.threads.indexOf(thread)
    if (at >= 0) this.threads.splice(at, 1)
  }
}
