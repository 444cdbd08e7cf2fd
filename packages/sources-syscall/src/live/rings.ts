import { SyscallEvent } from '../event.ts'
import { Ring, type RingMemory } from './ring.ts'

/**
 * Merges the rings of all CPUs into one stream ordered by time.
 *
 * An event is timestamped a few microseconds before it appears in its ring, so an empty ring may still receive an older event.
 * Therefore each `look` at all rings releases only the events present at the previous `look`, and newer arrivals that precede
 * them in time: an event that is still missing would have been in flight for a whole turn.
 */
export class Rings {
  readonly event = new SyscallEvent()
  /** Records with inconsistent lengths. */
  malformed = 0
  readonly #rings: readonly Ring[]
  /** The ring whose head was delivered. */
  #current: Ring | null = null
  /** Time of the oldest head among the other rings: the current ring is read up to there. */
  #bound = 0

  /** @param epoch a time shortly before the first event, ns since 1970 */
  constructor(memories: readonly RingMemory[], epoch: bigint) {
    const epochHigh = Number(epoch >> 32n)
    this.#rings = memories.map(memory => new Ring(memory, epochHigh))
  }

  /** Samples the kernel's positions. Returns the unread share of the fullest ring, 0 to 1. */
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

  /** Advances to the next event, which is valid until the next call. False = no more events until the next `look`. */
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

  /** Ends the turn early: the event is done with, and `next` needs another `look`. */
  pause(): void {
    this.#current?.skip()
    this.#current?.load()
    this.#rest()
  }

  /** The ring with the oldest head; null if no event may be delivered yet. */
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
