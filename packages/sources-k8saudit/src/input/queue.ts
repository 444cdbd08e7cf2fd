import type { AuditEvent } from '../event.ts'

/** Batches on their way from the server to whoever iterates. Bounded: what does not fit is refused, not dropped. */
export class BatchQueue {
  readonly #batches: { readonly events: AuditEvent[]; readonly weight: number }[] = []
  readonly #maxWeight: number
  #waiting: ((batch: AuditEvent[] | undefined) => void) | undefined = undefined
  #closed = false
  /** Weight of what is waiting, and of the bodies that are being read. */
  #weight = 0

  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight
  }

  /** Makes room for so much; false when there is none. An empty queue has room for anything, so that no body is too large for ever. */
  reserve(weight: number): boolean {
    if (this.#weight > 0 && this.#weight + weight > this.#maxWeight) return false
    this.#weight += weight
    return true
  }

  release(weight: number): void {
    this.#weight -= weight
  }

  /** Takes events for which `weight` is reserved. */
  push(events: AuditEvent[], weight: number): void {
    if (this.#waiting) {
      const resolve = this.#waiting
      this.#waiting = undefined
      this.release(weight)
      resolve(events)
    } else this.#batches.push({ events, weight })
  }

  /** The oldest batch, as soon as there is one; undefined when the queue is closed and empty. */
  take(): Promise<AuditEvent[] | undefined> {
    const batch = this.#batches.shift()
    if (batch) {
      this.release(batch.weight)
      return Promise.resolve(batch.events)
    }
    if (this.#closed) return Promise.resolve(undefined)
    const { promise, resolve } = Promise.withResolvers<AuditEvent[] | undefined>()
    this.#waiting = resolve
    return promise
  }

  close(): void {
    this.#closed = true
    this.#waiting?.(undefined)
    this.#waiting = undefined
  }
}
