/** One of the threads of a family. */
interface Sibling<T extends Sibling<T>> {
  siblings: Family<T> | null
}

/** Threads with the same parent. When the parent exits, the family is reparented as a whole, however large it is. */
export class Family<T extends Sibling<T>> {
  readonly members = new Set<T>()
  /** Thread id of the parent; 0 = the parent has exited. */
  parent: number

  constructor(parent: number) {
    this.parent = parent
  }

  add(thread: T): void {
    this.members.add(thread)
    thread.siblings = this
  }

  /** Merges the smaller family into the larger, so that a thread moves only when its family at least doubles. Returns the larger. */
  join(other: Family<T>): Family<T> {
    const [large, small] = this.members.size < other.members.size ? [other, this] : [this, other]
    for (const thread of small.members) large.add(thread)
    small.members.clear()
    return large
  }
}
