import { SyscallEvent } from '../event.ts'
import { Ring, type RingMemory } from './ring.ts'

/**
 * The rings of all CPUs as one stream in the order of time.
 *
 * An event gets its time a few microseconds before it is in its ring. So a reader that has seen a ring empty cannot know that
 * nothing older will appear there. Therefore one look at all rings delivers what was there at the look before, and of what
 * is new only what is older than that: whatever is missing would have been under way for a whole turn.
 */
export class Rings {
  readonly event = new SyscallEvent()
  /** Records whose lengths contradict each other. */
  malformed = 0
  readonly #rings: readonly Ring[]
  /** The ring whose head was delivered. */
  #current: Ring | null = null
  /** Time of the oldest head of the others: up to there the current ring goes on. */
  #bound = 0

  /** @param epoch a time not long before the first event, ns since 1970 */
  constructor(memories: readonly RingMemory[], epoch: bigint) {
    const epochHigh = Number(epoch >> 32n)
    this.#rings = memories.map(memory => new Ring(memory, epochHigh))
  }

  /** Looks how far the kernel is. The share of the fullest ring that is unread, 0 to 1. */
  look(): number {
    const rings = this.#rings
    let share = 0
    for (const ring of rings) ring.look()
    for (const ring of rings) {
      if (rings.length === 1) ring.aged = ring.left
      if (ring.time === Number.POSITIVE_INFINITY) ring.load()
      share = Math.max(share, ring.left / ring.size)
    }
    this.#current = null
    this.#bound = Number.NEGATIVE_INFINITY
    return share
  }

  /** Goes to the next event; it lies in the ring until the next call. False = nothing more before the next `look`. */
  next(): boolean {
    for (;;) {
      let ring = this.#current
      if (ring !== null) {
        ring.skip()
        ring.load()
      }
      if (ring === null || ring.time > this.#bound || ring.aged <= 0) ring = this.#choose()
      if (ring === null) {
        this.#rest()
        return false
      }
      if (ring.attach(this.event)) {
        this.event.num++
        return true
      }
      this.malformed++
    }
  }

  /** The ring with the oldest head, if what is there may be delivered. */
  #choose(): Ring | null {
    let oldest: Ring | null = null
    let time = Number.POSITIVE_INFINITY
    let second = Number.POSITIVE_INFINITY
    let aged = false
    for (const ring of this.#rings) {
      if (ring.blocked) return null
      if (ring.aged > 0) aged = true
      if (ring.time < time) {
        second = time
        time = ring.time
        oldest = ring
      } else if (ring.time < second) second = ring.time
    }
    if (!aged) return null
    this.#bound = second
    this.#current = oldest
    return oldest
  }

  #rest(): void {
    this.#current = null
    for (const ring of this.#rings) ring.tell()
  }
}
