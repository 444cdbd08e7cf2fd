/** How a thread looks up other threads: the thread table. */
export interface ThreadIndex<T> {
  /** null = not known. */
  get(tid: number): T | null
  /** Number of ancestor walks cut off by MAX_ANCESTORS. */
  ancestorsCut: number
  /** Incremented to invalidate the memos of all threads without visiting each: see Thread.fresh. */
  readonly epoch: number
}
