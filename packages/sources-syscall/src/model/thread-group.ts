/** A thread, as far as its group goes. */
interface Member<T> {
  readonly isMain: boolean
  readonly dead: boolean
  previous: T | null
  next: T | null
}

/** The threads of one process: the main thread, if known, and a list of the others. */
export class ThreadGroup<T extends Member<T>> {
  readonly pid: number
  main: T | null = null
  /** Threads that have not exited (proc.nthreads). */
  alive = 0
  /** Number of threads in the list, plus the main thread. */
  size = 0
  /** Adopts orphaned descendants: pid 1 of a namespace, or PR_SET_CHILD_SUBREAPER. */
  reaper: boolean
  #head: T | null = null
  #tail: T | null = null

  constructor(pid: number, reaper: boolean) {
    this.pid = pid
    this.reaper = reaper
  }

  add(thread: T): void {
    this.alive++
    this.size++
    if (thread.isMain && this.main === null) {
      this.main = thread
      return
    }
    thread.previous = this.#tail
    thread.next = null
    if (this.#tail === null) this.#head = thread
    else this.#tail.next = thread
    this.#tail = thread
  }

  remove(thread: T): void {
    this.size--
    if (this.main === thread) {
      this.main = null
      return
    }
    if (thread.previous === null) this.#head = thread.next
    else thread.previous.next = thread.next
    if (thread.next === null) this.#tail = thread.previous
    else thread.next.previous = thread.previous
    thread.previous = null
    thread.next = null
  }

  /**
   * Returns the first thread that has not exited, other than `except`. Threads leave the list on exit, so checking the first
   * two is enough.
   */
  firstAlive(except: T | null): T | null {
    for (const thread of this) if (!thread.dead && thread !== except) return thread
    return null
  }

  /** The main thread first. */
  *[Symbol.iterator](): IterableIterator<T> {
    if (this.main !== null) yield this.main
    for (let thread = this.#head; thread !== null; ) {
      const { next } = thread
      yield thread
      thread = next
    }
  }
}
