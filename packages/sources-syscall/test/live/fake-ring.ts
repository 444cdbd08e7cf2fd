import type { RingMemory } from '../../src/live/ring.ts'

/** The time of events is relative to this. */
export const EPOCH = 1_700_000_000_000_000_000n
/** procinfo: a current event with two u64 parameters, which a record may lack. */
const TYPE = 234

/** Writes records as kernel/bpf/ringbuf.c lays them out. */
export class FakeRing implements RingMemory {
  readonly consumer = new ArrayBuffer(4096)
  readonly producer = new ArrayBuffer(4096)
  readonly data: ArrayBuffer
  private readonly size: number
  private position = 0

  constructor(size: number) {
    this.size = size
    this.data = new ArrayBuffer(size * 2)
  }

  get free(): number {
    return this.size - (this.position - Number(new BigUint64Array(this.consumer)[0]))
  }

  /** @returns a function that finishes the record if it was left busy */
  write(time: number, tag: number, extra: number, kind: 'done' | 'busy' | 'discarded' = 'done'): () => void {
    const length = 2 + 26 + extra
    const total = (8 + length + 7) & ~7
    if (total > this.free) throw new Error('full')
    const at = this.position % this.size
    const record = new Uint8Array(total)
    const view = new DataView(record.buffer)
    view.setUint16(8, tag % 7, true)
    view.setBigUint64(10, EPOCH + BigInt(time), true)
    view.setBigUint64(18, BigInt(tag), true)
    view.setUint32(26, 26, true)
    view.setUint16(30, TYPE, true)
    const set = (flags: number) => {
      view.setUint32(0, (length | flags) >>> 0, true)
      this.copy(at, record)
    }
    set(kind === 'busy' ? 0x80000000 : kind === 'discarded' ? 0x40000000 : 0)
    this.position += total
    new BigUint64Array(this.producer)[0] = BigInt(this.position)
    return () => set(0)
  }

  /** Writes to both images of the ring's bytes. */
  private copy(at: number, record: Uint8Array): void {
    const bytes = new Uint8Array(this.data)
    for (const [i, byte] of record.entries()) {
      bytes[(at + i) % this.size] = byte
      bytes[((at + i) % this.size) + this.size] = byte
    }
  }
}
