import { hashOf, sameBytes } from '../events/byte-keys.ts'
import { uint8, uint16, uint32 } from '../events/integers.ts'
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
/** From the lengths to the second parameter: the first is the result. */
const SECOND = PARAMETERS * 2 + 8
const SLASH = 0x2f

/** Whether an openat has all its parameters, each of the length that recorders give it; the name may have any. */
export function hasUsualLengths(view: DataView, start: number): boolean {
  return (
    uint32(view, start + 22) === PARAMETERS &&
    uint32(view, start + HEADER) === RESULT_DIRFD &&
    uint16(view, start + HEADER + 6) === FLAGS &&
    uint32(view, start + HEADER + 8) === MODE_DEV &&
    uint16(view, start + HEADER + 12) === INO
  )
}

/**
 * Recognises an openat with an absolute path by its bytes: it opens, or would have opened, the same file as the last call with these bytes,
 * of any process. Nine of ten opens of a busy machine are such repetitions. At most 8192 calls are kept, each in the place that its bytes
 * give, from the second time on.
 */
export class RepeatedOpens {
  #keys!: Uint8Array
  #view!: DataView
  /** Per slot: what is compared besides the bytes; -1 = free. */
  #shapes!: Int32Array
  #fds!: (Fd | null)[]
  /** Per slot: what the last bytes that belong there gave. */
  #last!: Int32Array
  #mask!: number
  // No #names, as they change with each call: see Fd.
  private kept = 0
  private slot = -1
  private hash = 0

  constructor() {
    this.#allocate(FEW)
  }

  #allocate(slots: number): void {
    this.#keys = new Uint8Array(slots * LONGEST)
    this.#view = new DataView(this.#keys.buffer)
    this.#shapes = new Int32Array(slots).fill(-1)
    this.#fds = new Array(slots).fill(null)
    this.#last = new Int32Array(slots)
    this.#mask = slots - 1
  }

  /**
   * The descriptor of the last call equal to that of an event that lies in bytes[start, end); null = none is known: call `keep` once the
   * event has its own.
   */
  find(bytes: Uint8Array, view: DataView, start: number, end: number): Fd | null {
    this.slot = -1
    if (!hasUsualLengths(view, start)) return null
    const name = uint16(view, start + HEADER + 4)
    const from = start + HEADER + SECOND
    const length = end - from
    if (length > LONGEST || name < 2 || bytes[from + DIRFD] !== SLASH) return null
    const shape = (length << 17) | (name << 1) | (uint8(view, from - 1) >>> 7)
    const hash = hashOf(bytes, view, from, end)
    const slot = hash & this.#mask
    this.slot = slot
    this.hash = hash
    if (this.#shapes[slot] === shape && sameBytes(view, from, length, this.#view, slot * LONGEST))
      return this.#fds[slot]!
    return null
  }

  /**
   * Stores the descriptor of the event that `find` was last called for; null = one that stands for it, since the call failed. Returns
   * what is kept; null = nothing.
   */
  keep(bytes: Uint8Array, view: DataView, start: number, end: number, opened: Fd | null): Fd | null {
    const slot = this.slot
    if (slot < 0) return null
    if (this.#last[slot] !== this.hash) {
      this.#last[slot] = this.hash
      return null
    }
    const fd = opened ?? new Fd(-1, FdKind.unknown)
    if (++this.kept === FEW) this.#allocate(SLOTS)
    const from = start + HEADER + SECOND
    for (let at = from, to = slot * LONGEST; at < end; at++, to++) this.#keys[to] = bytes[at]!
    const name = uint16(view, start + HEADER + 4)
    this.#shapes[slot] = ((end - from) << 17) | (name << 1) | (uint8(view, from - 1) >>> 7)
    this.#fds[slot] = fd
    return fd
  }

  clear(): void {
    this.#shapes.fill(-1)
    this.#fds.fill(null)
    this.slot = -1
  }
}
