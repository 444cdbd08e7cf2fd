import type { RingMemory } from './ring.ts'

/**
 * A ring in this process's own memory, filled with records that the sidecar sends over the socket: for when mapping the
 * kernel's is refused. Laid out as the kernel's, so that the same reader reads it.
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

  /** Bytes that may be pushed. */
  get free(): number {
    return this.#size - (this.#position - Number(new BigUint64Array(this.consumer)[0]))
  }

  /** Adds whole records, as they lie in the kernel's ring. */
  push(records: Uint8Array): void {
    if (records.length > this.free)
      throw new RangeError(`${records.length} bytes for a ring with room for ${this.free}`)
    const bytes = new Uint8Array(this.data)
    const at = this.#position % this.#size
    bytes.set(records, at)
    // Every byte has two places: at its offset, and one ring further on.
    const first = records.subarray(0, Math.min(records.length, this.#size - at))
    bytes.set(first, at + this.#size)
    bytes.set(records.subarray(first.length), 0)
    this.#position += records.length
    new BigUint64Array(this.producer)[0] = BigInt(this.#position)
  }
}
