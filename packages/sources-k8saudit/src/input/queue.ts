import type { AuditEvent } from '../event.ts'

/** Batches on their way from the server to whoever iterates. Bounded: what does not fit is refused, not dropped. */
export class BatchQueue {
  private readonly batches: { readonly events: AuditEvent[]; readonly bytes: number }[] = []
  private readonly maxBytes: number
  private waiting: ((batch: AuditEvent[] | undefined) => void) | undefined = undefined
  private closed = false
  /** Weight of what is waiting. */
  bytes = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** Whether this much would be taken. An empty queue takes any, so that no body is too large for ever. */
  fits(bytes: number): boolean {
    return this.bytes === 0 || this.bytes + bytes <= this.maxBytes
  }

  push(events: AuditEvent[], bytes: number): void {
    if (this.waiting) {
      const resolve = this.waiting
      this.waiting = undefined
      resolve(events)
      return
    }
    this.batches.push({ events, bytes })
    this.bytes += bytes
  }

  /** The oldest batch, as soon as there is one; undefined when the queue is closed and empty. */
  take(): Promise<AuditEvent[] | undefined> {
    const batch = this.batches.shift()
    if (batch) {
      this.bytes -= batch.bytes
      return Promise.resolve(batch.events)
    }
    if (this.closed) return Promise.resolve(undefined)
    const { promise, resolve } = Promise.withResolvers<AuditEvent[] | undefined>()
    this.waiting = resolve
    return promise
  }

  close(): void {
    this.closed = true
    this.waiting?.(undefined)
    this.waiting = undefined
  }
}
