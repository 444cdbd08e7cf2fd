import type { Thread } from '../model/thread.ts'

/**
 * Maps a thread id to the threads that have it as their session or process group. When that thread appears, changes or
 * exits, their memos about the leader become invalid, even if it is not one of their ancestors.
 */
export class FollowerIndex {
  /** One follower, as most leaders have, or several. */
  readonly #byLeader = new Map<number, Thread | Set<Thread>>()

  add(thread: Thread): void {
    this.#follow(thread, thread.sid)
    if (thread.pgid !== thread.sid) this.#follow(thread, thread.pgid)
    if (thread.vpgid !== thread.pgid && thread.vpgid !== thread.sid) this.#follow(thread, thread.vpgid)
  }

  remove(thread: Thread): void {
    this.#leave(thread, thread.sid)
    this.#leave(thread, thread.pgid)
    this.#leave(thread, thread.vpgid)
  }

  /** Clears the memos of all followers of `leader`. Returns false, clearing none, if there are more than `budget`. */
  forget(leader: number, budget: number): boolean {
    const threads = this.#byLeader.get(leader)
    if (threads instanceof Set) {
      if (threads.size > budget) return false
      for (const thread of threads) thread.memo = null
    } else if (threads !== undefined) threads.memo = null
    return true
  }

  clear(): void {
    this.#byLeader.clear()
  }

  #follow(thread: Thread, leader: number): void {
    if (leader < 0) return
    const threads = this.#byLeader.get(leader)
    if (threads === undefined) this.#byLeader.set(leader, thread)
    else if (threads instanceof Set) threads.add(thread)
    else if (threads !== thread) this.#byLeader.set(leader, new Set([threads, thread]))
  }

  #leave(thread: Thread, leader: number): void {
    const threads = this.#byLeader.get(leader)
    if (threads === thread) this.#byLeader.delete(leader)
    else if (threads instanceof Set && threads.delete(thread) && threads.size === 0) this.#byLeader.delete(leader)
  }
}
