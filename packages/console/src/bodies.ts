/** The bodies of requests, from the first byte to the answer: bounded for each client and for all together. */
import type { IncomingMessage } from 'node:http'
import { BodyBudget, BUSY, clientOf, Deadlines, type Refusal, readBody } from '@falc/sources-k8saudit'
import { Refused } from './failure.ts'

/** Bytes of bodies that arrive, and of those that have arrived and are not answered: half of it for one client. */
const MAX_BYTES = 64 * 1024 * 1024
/** Milliseconds for a body. */
const TIMEOUT_MS = 10_000

export class Bodies {
  readonly #arriving = { budget: new BodyBudget(MAX_BYTES), deadlines: new Deadlines() }
  /** Bytes that have arrived and are not answered, by client. */
  readonly #held = new Map<string, number>()
  #bytes = 0

  /** @returns what `use` makes of a body of at most this many bytes @throws {Refused} when it does not come, or there is no room for it */
  async hold<T>(request: IncomingMessage, maxBytes: number, use: (body: Buffer) => Promise<T>): Promise<T> {
    const client = clientOf(request.socket)
    const limits = { maxBytes, idleMs: TIMEOUT_MS, totalMs: TIMEOUT_MS }
    const body = await new Promise<Buffer | Refusal>(resolve => readBody(request, limits, this.#arriving, resolve))
    if ('status' in body) throw refused(body)
    const size = body.length
    if (this.#bytes + size > MAX_BYTES || (this.#held.get(client) ?? 0) + size > MAX_BYTES / 2) throw refused(BUSY)
    this.#add(client, size)
    try {
      return await use(body)
    } finally {
      this.#add(client, -size)
    }
  }

  #add(client: string, size: number): void {
    this.#bytes += size
    const held = (this.#held.get(client) ?? 0) + size
    if (held === 0) this.#held.delete(client)
    else this.#held.set(client, held)
  }
}

function refused({ status, cause, reason, retryAfter }: Refusal): Refused {
  return new Refused(status, cause, reason, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) })
}
