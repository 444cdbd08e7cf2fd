import type { SyscallEvent } from '../event.ts'
import { hashOf, sameBytes } from '../events/byte-keys.ts'
import { Fd, FdKind } from '../model/fd.ts'

/** Powers of two: slots at first, as tests of rules have a state each, and once as many calls were kept. */
const FEW = 64
const SLOTS = 8192
/** Longer calls are not kept. A power of two. */
const LONGEST = 256
const HEADER = 26
/** Lengths of an openat's parameters, as pairs; that of the name is left open. */
const RESULT_DIRFD = 0x0008_0008
const FLAGS = 4
const MODE_DEV = 0x0004_0004
const INO = 8
const DIRFD = 8
const PARAMETERS = 7
const SLASH = 0x2f

/**
 * Recognises an openat with an absolute path by its bytes: what it opens, or would have opened, is what the same bytes did the
 * last time, whoever calls. Nine of ten opens of a busy machine are such repetitions. At most 8192 calls are kept, each in the
 * place that its bytes give.
 */
export class RepeatedOpens {
  #keys!: Uint8Array
  #view!: DataView
  /** Per slot: what is compared besides the bytes; -1 = free. */
  #shapes!: Int32Array
  #fds!: (Fd | null)[]
  #mask!: number
  #kept = 0
  #slot = -1

  constructor() {
    this.#allocate(FEW)
  }

  #allocate(slots: number): void {
    this.#keys = new Uint8Array(slots * LONGEST)
    this.#view = new DataView(this.#keys.buffer)
    this.#shapes = new Int32Array(slots).fill(-1)
    this.#fds = new Array(slots).fill(null)
    this.#mask = slots - 1
  }

  /** The descriptor of the last equal call; null = none is known: call `keep` once the event has its own. */
  find(event: SyscallEvent): Fd | null {
    const { bytes, view, start, end } = event
    this.#slot = -1
    if (event.encodedParams !== PARAMETERS || view.getUint32(start + HEADER, true) !== RESULT_DIRFD) return null
    const name = view.getUint16(start + HEADER + 4, true)
    if (
      view.getUint16(start + HEADER + 6, true) !== FLAGS ||
      view.getUint32(start + HEADER + 8, true) !== MODE_DEV ||
      view.getUint16(start + HEADER + 12, true) !== INO
    )
      return null
    const from = event.paramOffset(1)
    const length = end - from
    if (length > LONGEST || name < 2 || bytes[from + DIRFD] !== SLASH) return null
    const shape = (length << 17) | (name << 1) | (view.getUint8(from - 1) >>> 7)
    const slot = hashOf(bytes, view, from, end) & this.#mask
    this.#slot = slot
    if (this.#shapes[slot] === shape && sameBytes(view, from, length, this.#view, slot * LONGEST))
      return this.#fds[slot]!
    return null
  }

  /** Stores the descriptor of the event that `find` was last called for; one that stands for it if the call failed. */
  keep(event: SyscallEvent): void {
    const slot = this.#slot
    if (slot < 0) return
    if (++this.#kept === FEW) this.#allocate(SLOTS)
    const { bytes, view, end } = event
    const from = event.paramOffset(1)
    this.#keys.set(bytes.subarray(from, end), slot * LONGEST)
    this.#shapes[slot] = ((end - from) << 17) | (event.paramLength(2) << 1) | (view.getUint8(from - 1) >>> 7)
    this.#fds[slot] = event.fd ?? (event.tried = new Fd(-1, FdKind.unknown))
  }

  clear(): void {
    this.#shapes.fill(-1)
    this.#fds.fill(null)
    this.#slot = -1
  }
}
