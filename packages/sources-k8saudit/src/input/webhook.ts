import { setImmediate as turn } from 'node:timers/promises'
import type { AuditEvent } from '../event.ts'
import type { ReceiverOptions } from '../http/options.ts'
import { HttpReceiver } from '../http/receiver.ts'
import { BUSY, type Refusal, type RefusalCause } from '../http/refusal.ts'
import type { Piece } from '../piece.ts'
import type { AuditProblem } from '../problem.ts'
import { type AuditStats, type InputOptions, newStats } from '../stats.ts'
import { type AuditInput, batchesOf, eventsOf, lossesOf } from './input.ts'
import { PostedBody } from './posted.ts'
import { BodyQueue } from './queue.ts'

export interface AuditWebhookOptions extends InputOptions, Partial<ReceiverOptions> {
  /** Default 9765; 0 chooses a free one. */
  readonly port?: number
  /** Default /k8s-audit. */
  readonly path?: string
  /**
   * When a request is answered with 200: as soon as its events are queued (default), or when the iteration is past all of them. A
   * function is asked for each request.
   */
  readonly answer?: AnswerTime | (() => AnswerTime)
  /** What else an answer waits for when events have been evaluated. @returns false: they are to be sent again */
  readonly saved?: () => Promise<boolean>
  /** Takes the bodies, unread, instead of the iteration, which then has no events. @returns why it does not */
  readonly forward?: (body: Buffer) => Promise<Refusal | undefined>
  /** A larger body, decompressed, is refused with 413. Default 12582912, as Falco's webhookMaxBatchSize. */
  readonly maxBodyBytes?: number
  /** When the bodies that wait to be iterated are larger than this, further ones are refused with 429; so are bodies of one client beyond half of it. Default 64 MiB. */
  readonly maxQueuedBytes?: number
}

export type AnswerTime = 'queued' | 'evaluated'

export interface AuditWebhookStats extends AuditStats {
  readonly requests: number
  /** Requests answered with 4xx, or broken off; connections closed. */
  refused: Record<RefusalCause, number>
}

/**
 * Listens for what an API server posts (its audit webhook backend): an Event or EventList per request.
 * @throws when the address is in use or the certificate cannot be read.
 */
export async function openAuditWebhook(options: AuditWebhookOptions = {}): Promise<AuditWebhook> {
  const webhook = new AuditWebhook(options)
  await webhook.listen()
  return webhook
}

/** Refusals after which the API server drops the events: the body will not be better the next time. */
const LOSSES: readonly RefusalCause[] = ['bad-body', 'body-too-large', 'fault']

const STOPPING: Refusal = { status: 503, cause: 'busy', reason: 'stopping; the events were not evaluated' }

const UNSAVED: Refusal = { status: 503, cause: 'busy', reason: 'alerts of these events are not saved yet' }

export class AuditWebhook implements AuditInput<AuditWebhookStats> {
  readonly stats: AuditWebhookStats
  readonly #options: AuditWebhookOptions
  readonly #path: string
  readonly #queue: BodyQueue
  readonly #receiver: HttpReceiver
  #stopping: Promise<void> | undefined = undefined

  constructor(options: AuditWebhookOptions) {
    const { path = '/k8s-audit', port = 9765, maxBodyBytes = 12 * 1024 * 1024 } = options
    this.#options = options
    this.#path = path
    this.#queue = new BodyQueue(options.maxQueuedBytes ?? 64 * 1024 * 1024)
    const receiver = new HttpReceiver(
      { ...options, port, maxBodyBytes },
      {
        route: at =>
          at === path
            ? 'body'
            : {
                ...{ status: 404, cause: 'route' },
                reason: `nothing is served at ${at.slice(0, 200)}; the webhook is at ${path}`,
              },
        take: (body, client) => options.forward?.(body) ?? this.#take(body, client),
      },
    )
    this.#receiver = receiver
    this.stats = {
      ...newStats(),
      get requests() {
        return receiver.requests
      },
      refused: receiver.refused,
    }
  }

  async listen(): Promise<void> {
    const { signal } = this.#options
    await this.#receiver.listen()
    if (signal?.aborted) await this.close()
    signal?.addEventListener('abort', () => void this.close(), { once: true })
  }

  /** Where it can be reached from this machine; empty before it listens. */
  get url(): string {
    return this.#receiver.url && `${this.#receiver.url}${this.#path}`
  }

  /** Bodies that have not been evaluated to their end, and the memory that they take. */
  get waiting(): BodyQueue['waiting'] {
    return this.#queue.waiting
  }

  /** As a receiver does. */
  renew(credentials: Pick<ReceiverOptions, 'tls' | 'tokens'>): void {
    this.#receiver.renew(credentials)
  }

  /** A warning for the operator: anyone can send events. Undefined when clients authenticate, or must be on this machine. */
  get exposed(): string | undefined {
    const where = this.#receiver.exposed
    const { port = 9765 } = this.#options
    return (
      where &&
      `listening on ${where} without authentication: anyone who can reach port ${port} can forge audit events or flood this webhook`
    )
  }

  batches(): AsyncGenerator<AuditEvent[], void> {
    return batchesOf(this.pieces())
  }

  async *pieces(): AsyncGenerator<Piece, void> {
    const { stats } = this
    const { onProblem } = this.#options
    try {
      for (let body = await this.#queue.take(); body; body = await this.#queue.take()) {
        const taken = body
        yield {
          ...(taken.part && { part: taken.part }),
          read: () => taken.read(stats, onProblem),
          join(found) {
            taken.join(found, stats, onProblem)
            return true
          },
          settle: evaluated => this.#queue.settle(taken, evaluated),
        }
        // Evaluating a large body must not keep the server from its other clients.
        await turn()
      }
    } finally {
      this.#queue.abandon()
      await this.close()
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<AuditEvent> {
    return eventsOf(this.batches())
  }

  losses(): Record<string, number> {
    const refused = LOSSES.map(cause => [cause, this.stats.refused[cause]] as const)
    return lossesOf(this.stats, Object.fromEntries(refused))
  }

  /** Takes no new requests, lets those that have begun end, and ends the iteration when all their events have been given out. */
  close(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    await this.#receiver.close()
    this.#queue.close()
  }

  async #take(bytes: Buffer, client: string): Promise<Refusal | undefined> {
    const { divided } = this.#options
    const body = new PostedBody(bytes, client, this.#options)
    const flaw = divided ? undefined : body.look()
    if (flaw) return this.#bad(flaw)
    const later = !body.isEmpty
    if (later && !this.#queue.push(body)) return BUSY
    if (divided) {
      const stopped = body.settled.then(evaluated => (evaluated ? undefined : STOPPING))
      const found = await Promise.race([body.flaw, stopped])
      if (found) return 'status' in found ? found : this.#bad(found)
    }
    this.stats.bytes += bytes.length
    return later && this.#answersLater() ? this.#whenSafe(body.settled) : undefined
  }

  #bad(flaw: AuditProblem): Refusal {
    this.#options.onProblem?.(flaw)
    return { status: 400, cause: 'bad-body', reason: `${flaw.cause}: ${flaw.message}` }
  }

  #answersLater(): boolean {
    const { answer } = this.#options
    return (typeof answer === 'function' ? answer() : answer) === 'evaluated'
  }

  /** The answer to a request whose events must not be lost once it is given. */
  async #whenSafe(evaluated: Promise<boolean>): Promise<Refusal | undefined> {
    if (!(await evaluated)) return STOPPING
    return (await (this.#options.saved?.() ?? true)) ? undefined : UNSAVED
  }
}
