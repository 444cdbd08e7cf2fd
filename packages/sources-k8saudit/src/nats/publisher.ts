import { createHash } from 'node:crypto'
import type { JetStreamClient } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { BUSY, type Refusal, tooLarge } from '../http/refusal.ts'
import type { AuditProblem } from '../problem.ts'
import { encode, partsOf } from './parts.ts'
import { type AuditStreamCounts, type AuditStreamPlace, createStreams, ENVELOPE, Link } from './stream.ts'

export interface AuditPublisherOptions extends AuditStreamPlace {
  /** Milliseconds in which JetStream must have stored a body. Default 5000; an API server waits for 30 s. */
  readonly deadline?: number
  /** Bytes of bodies that are being stored; further ones are refused. Default 64 MiB. */
  readonly maxBytesInFlight?: number
  /** Called for each event that is too large to be published. */
  readonly onProblem?: (problem: AuditProblem) => void
}

const UNAVAILABLE: Refusal = {
  ...{ status: 503, cause: 'busy', retryAfter: 1 },
  reason: 'JetStream has not stored these events; send them again',
}

type Headers = typeof import('@nats-io/transport-node').headers

/**
 * Publishes what an API server posts, as the webhook's `forward`. A body is answered with success once JetStream has it, and never
 * before. One that is sent again is stored once.
 */
export class AuditPublisher {
  readonly #batches = { stored: 0, duplicate: 0, 'refused-busy': 0, 'refused-unavailable': 0, 'too-large': 0 }
  readonly #options: AuditPublisherOptions
  readonly #connection: NatsConnection
  readonly #jetstream: JetStreamClient
  readonly #headers: Headers
  readonly #link: Link
  readonly #subject: string
  #inFlight = 0
  /** Set while the server does not answer: what is published meanwhile would only fill the memory. */
  #stalled: Promise<void> | undefined

  private constructor(options: AuditPublisherOptions, jetstream: JetStreamClient, headers: Headers) {
    this.#options = options
    this.#connection = options.connection
    this.#jetstream = jetstream
    this.#headers = headers
    this.#link = new Link(options.connection)
    this.#subject = `${options.stream}.${options.subject ?? 'events'}`
  }

  /** @throws {Error} when the server has no JetStream, or refuses the stream */
  static async open(options: AuditPublisherOptions): Promise<AuditPublisher> {
    const [{ jetstream, jetstreamManager }, { headers }] = await Promise.all([
      import('@nats-io/jetstream'),
      import('@nats-io/transport-node'),
    ])
    await createStreams(await jetstreamManager(options.connection), options)
    return new AuditPublisher(options, jetstream(options.connection), headers)
  }

  get counts(): AuditStreamCounts {
    return { batches: { ...this.#batches }, connected: this.#link.connected }
  }

  /** @returns undefined when all of the body is stored */
  readonly forward = async (body: Buffer): Promise<Refusal | undefined> => {
    if (!this.#link.connected || this.#stalled) return this.#refuse('refused-unavailable', UNAVAILABLE)
    const { maxBytesInFlight = 64 * 1024 * 1024 } = this.#options
    if (this.#inFlight > 0 && this.#inFlight + body.length > maxBytesInFlight) return this.#refuse('refused-busy', BUSY)
    this.#inFlight += body.length
    try {
      return await this.#store(body)
    } catch {
      this.#stalled ??= this.#connection
        .flush()
        .catch(() => {})
        .finally(() => (this.#stalled = undefined))
      return this.#refuse('refused-unavailable', UNAVAILABLE)
    } finally {
      this.#inFlight -= body.length
    }
  }

  #refuse(outcome: 'refused-busy' | 'refused-unavailable', refusal: Refusal): Refusal {
    this.#batches[outcome]++
    return refusal
  }

  /** @throws {Error} when a part was not stored in time */
  async #store(body: Buffer): Promise<Refusal | undefined> {
    const limit = (this.#connection.info?.max_payload ?? 1 << 20) - ENVELOPE
    const parts = body.length <= limit ? [body] : partsOf(body.toString('utf8'), limit)
    const stored = await Promise.all(parts.map(part => this.#publish(part, limit)))
    // It would not be smaller the next time.
    return stored.includes(true) ? undefined : tooLarge(limit)
  }

  /** @returns false: it is too large, also compressed */
  async #publish(part: string | Buffer, limit: number): Promise<boolean> {
    const message = await encode(part, limit)
    if (!message) {
      this.#batches['too-large']++
      const text = `an event takes more than the ${limit} bytes of a message, also compressed: raise max_payload of the server`
      this.#options.onProblem?.({ cause: 'too-large', message: text })
      return false
    }
    const headers = this.#headers()
    headers.set('Nats-Msg-Id', createHash('sha256').update(message.data).digest('hex').slice(0, 32))
    headers.set('Content-Type', 'application/json')
    if (message.gzip) headers.set('Content-Encoding', 'gzip')
    const { deadline = 5000 } = this.#options
    const options = { headers, timeout: deadline, retries: 0 }
    const { duplicate } = await this.#jetstream.publish(this.#subject, message.data, options)
    this.#batches[duplicate ? 'duplicate' : 'stored']++
    return true
  }
}
