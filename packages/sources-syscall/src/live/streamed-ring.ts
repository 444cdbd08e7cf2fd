import type { RingMemory } from './ring.ts'

/**
 * A ring in this process's own memory, filled with records that the sidecar sends over the socket. Used if mapping the
 * kernel's ring is refused. It has the same layout, so the same reader works for both.
 */
export class StreamedRing implements RingMemory {
  readonly consumer = new ArrayBuffer(8)
  readonly producer = new ArrayBuffer(8)
  readonly data: ArrayBuffer
  readonly #size: number
  #position = 0

  /** @param size a power of two */
  constructor(size: number) {
    this.#size = size
    this.data = new ArrayBuffer(size * 2)
  }

  /** Number of bytes that can be pushed. */
  get free(): number {
    return this.#size - (this.#position - Number(new BigUint64Array(this.consumer)[0]))
  }

  /** Appends whole records in the format of the kernel's ring. */
  push(records: Uint8Array): void {
    if (records.length > this.free)
      throw new RangeError(`${records.length} bytes for a ring with room for ${this.free}`)
    const bytes = new Uint8Array(this.data)
    const at = this.#position % this.#size
    bytes.set(records, at)
    // Every byte is stored twice: at its offset, and one ring size later.
    const first = records.subarray(0, Math.min(records.length, this.#size - at))
    bytes.set(first, at + this.#size)
    bytes.set(records.subarray(first.length), 0)
    this.#position += records.length
    new BigUint64Array(this.producer)[0] = BigInt(this.#position)
  }
}
