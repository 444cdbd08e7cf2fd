import { FD_SHARED, type Fd, O_CLOEXEC } from '../fd.ts'

/** Numbers below this are an index into an array; the few above go to a Map. */
const DENSE = 1024

/** libsinsp's limit on the descriptors of one process. */
export const MAX_FDS_PER_PROCESS = 4096

/**
 * The descriptors of one process; the threads of a group share one. A fork shares the entries of both tables until
 * either side writes, so forking a process with a thousand open files costs nothing.
 */
export class FdTable {
  private low: (Fd | null)[] = []
  private high: Map<number, Fd> | null = null
  /** `low` and `high` belong to several tables. */
  private shared = false
  /** Number of open descriptors. */
  size = 0
  /** Descriptors left out because the table was full. */
  dropped = 0
  readonly capacity: number

  /** `capacity` 0: of a thread whose process is not known, it keeps nothing. */
  constructor(capacity: number = MAX_FDS_PER_PROCESS) {
    this.capacity = capacity
  }

  get(num: number): Fd | null {
    if (num >= 0 && num < DENSE) return num < this.low.length ? this.low[num] : null
    return this.high?.get(num) ?? null
  }

  /** False when the table is full and `num` was not in it: the descriptor is then not tracked, and counted. */
  set(num: number, fd: Fd): boolean {
    const old = this.get(num)
    if (old === null) {
      if (this.size >= this.capacity) {
        this.dropped++
        return false
      }
      this.size++
    }
    if (this.shared) this.detach()
    if (num >= 0 && num < DENSE) {
      const low = this.low
      while (low.length < num) low.push(null)
      low[num] = fd
    } else {
      this.high ??= new Map()
      this.high.set(num, fd)
    }
    return true
  }

  delete(num: number): void {
    if (this.get(num) === null) return
    if (this.shared) this.detach()
    this.size--
    if (num >= 0 && num < DENSE) this.low[num] = null
    else this.high!.delete(num)
  }

  /** The entry, made this table's own: whoever changes an Fd gets it here. */
  own(num: number): Fd | null {
    const fd = this.get(num)
    if (fd === null || (fd.flags & FD_SHARED) === 0) return fd
    const copy = fd.copy(fd.num)
    this.set(num, copy)
    return copy
  }

  /** The table of a forked child. */
  fork(): FdTable {
    const table = new FdTable(this.capacity === 0 ? MAX_FDS_PER_PROCESS : this.capacity)
    for (const fd of this.low) if (fd !== null) fd.flags |= FD_SHARED
    if (this.high !== null) for (const fd of this.high.values()) fd.flags |= FD_SHARED
    table.low = this.low
    table.high = this.high
    table.size = this.size
    table.shared = true
    this.shared = true
    return table
  }

  /** Takes out all whose execve closes. */
  deleteCloseOnExec(): void {
    for (const [num, fd] of this) if ((fd.openFlags & O_CLOEXEC) !== 0) this.delete(num)
  }

  *[Symbol.iterator](): IterableIterator<[number, Fd]> {
    for (let num = 0; num < this.low.length; num++) {
      const fd = this.low[num]
      if (fd !== null) yield [num, fd]
    }
    if (this.high !== null) yield* this.high
  }

  private detach(): void {
    this.low = this.low.slice()
    if (this.high !== null) this.high = new Map(this.high)
    this.shared = false
  }
}
