/** A power of two. */
const PLACES = 4096
/** Linux assigns no thread id above this. */
const MAX_TID = 1 << 22

/**
 * Some of the threads that are known and have not exited: each id at its place modulo 4096. Another id there, or -1, tells nothing.
 * For the loop over headers, which has to know no more of most threads.
 */
export class LivingThreads {
  readonly ids: Int32Array = new Int32Array(PLACES).fill(-1)

  note(tid: number): void {
    if (tid >= 0 && tid < MAX_TID) this.ids[tid & (PLACES - 1)] = tid
  }

  forget(tid: number): void {
    if (this.ids[tid & (PLACES - 1)] === tid) this.ids[tid & (PLACES - 1)] = -1
  }

  clear(): void {
    this.ids.fill(-1)
  }
}
