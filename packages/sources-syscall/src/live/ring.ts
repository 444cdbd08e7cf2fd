import type { SyscallEvent } from '../event.ts'
import { RECORD_CPU, RECORD_EVENT } from './wire.ts'

/** A BPF ring buffer's record: u32 length with two flag bits, u32 page offset, then the data, padded to 8 (kernel/bpf/ringbuf.c). */
const RECORD_HEADER = 8
const DISCARDED = 0x40000000
const LENGTH = 0x3fffffff
const TWO_32 = 4294967296
/** The position is published after this many bytes, so that the kernel can reuse the space during a long drain. */
const TELL_AFTER = 128 << 10

/** The memory of one ring. */
export interface RingMemory {
  /** u64 written by the reader: its position. */
  readonly consumer: ArrayBuffer
  /** u64 written by the kernel: its position. */
  readonly producer: ArrayBuffer
  /** The ring's bytes, twice in a row, so that every record is contiguous. */
  readonly data: ArrayBuffer
}

/**
 * Reads one BPF ring buffer in place. `look` samples the kernel's position; `load` finds the next record before it, which
 * remains the head until `skip`.
 */
export class Ring {
  /** Time of the head, in ns since the epoch given by `epochHigh`; Infinity = there is no head. */
  time = Number.POSITIVE_INFINITY
  /** The kernel is still writing the head: nothing can be read until it is done. */
  blocked = false
  /** Bytes that `load` may read, and how many of them were already there at the previous `look`. */
  left = 0
  aged = 0
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly size: number
  readonly #words: Int32Array
  readonly #consumer: BigUint64Array
  readonly #producer: Int32Array
  readonly #mask: number
  /** Read position; a double is exact for petabytes. */
  #position: number
  #told: number
  readonly #epochHigh: number
  /** Offset and length of the head's data. */
  #at = 0
  #length = 0

  /** @param epochHigh upper 32 bits of the time from which `time` counts: keeps differences exact */
  constructor(memory: RingMemory, epochHigh: number) {
    this.bytes = new Uint8Array(memory.data)
    this.view = new DataView(memory.data)
    this.#words = new Int32Array(memory.data)
    this.#consumer = new BigUint64Array(memory.consumer, 0, 1)
    this.#producer = new Int32Array(memory.producer, 0, 2)
    this.size = memory.data.byteLength / 2
    this.#mask = this.size - 1
    this.#position = Number(this.#consumer[0])
    this.#told = this.#position
    this.#epochHigh = epochHigh
  }

  /** Reads the kernel's position. */
  look(): void {
    this.aged = this.left
    // The low half is enough: a ring is smaller than 4 GiB.
    this.left = (Atomics.load(this.#producer, 0) - ((this.#position % TWO_32) | 0)) >>> 0
    this.blocked = false
  }

  /** Makes the next record, if any, the head. */
  load(): void {
    while (this.left > 0) {
      const at = this.#position & this.#mask
      const head = Atomics.load(this.#words, at >> 2)
      if (head < 0) {
        this.blocked = true
        break
      }
      if ((head & DISCARDED) === 0) {
        this.#at = at + RECORD_HEADER
        this.#length = head & LENGTH
        const time = this.#at + RECORD_EVENT
        this.time = (this.view.getUint32(time + 4, true) - this.#epochHigh) * TWO_32 + this.view.getUint32(time, true)
        return
      }
      this.#pass(head & LENGTH)
    }
    this.time = Number.POSITIVE_INFINITY
  }

  /** Attaches `event` to the head in place. False = the record is malformed. */
  attach(event: SyscallEvent): boolean {
    const at = this.#at
    event.cpu = this.view.getUint16(at + RECORD_CPU, true)
    return event.attach(this.bytes, this.view, at + RECORD_EVENT, at + this.#length)
  }

  /** Advances past the head. */
  skip(): void {
    this.#pass(this.#length)
    if (this.#position - this.#told > TELL_AFTER) this.tell()
  }

  /** Publishes the position, so that the kernel can overwrite what was read. The head must not be in use. */
  tell(): void {
    if (this.#position === this.#told) return
    this.#told = this.#position
    Atomics.store(this.#consumer, 0, BigInt(this.#position))
  }

  #pass(length: number): void {
    const size = (length + RECORD_HEADER + 7) & ~7
    this.#position += size
    this.left -= size
    this.aged -= size
  }
}
