import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { Consumer, JetStreamManager, JsMsg } from '@nats-io/jetstream'
import type { AuditEvent } from '../event.ts'
import { type AuditInput, eventsOf, lossesOf } from '../input/input.ts'
import { BodyReader } from '../parse.ts'
import type { AuditProblem } from '../problem.ts'
import { AuditSieve } from '../sieve/sieve.ts'
import { type AuditStats, countBody, type InputOptions, newStats } from '../stats.ts'
import { DeadLetters } from './dead-letters.ts'
import { decode } from './parts.ts'
import { type AuditStreamCounts, type AuditStreamPlace, createStreams, Link } from './stream.ts'

export interface AuditConsumerOptions extends AuditStreamPlace, InputOptions {
  /** The durable consumer, whose workers share the batches. Default `falc`, with a subject `falc-SUBJECT`. */
  readonly durable?: string | undefined
  /** Milliseconds after which a batch of a worker that no longer answers goes to another; of a consumer that does not exist yet. Default 30,000. */
  readonly ackWait?: number
  /** A batch that was given to workers more often goes to the dead letters. Default 5. */
  readonly maxDeliveries?: number | undefined
  /** A larger batch, decompressed, goes to the dead letters. Default 12582912. */
  readonly maxBodyBytes?: number | undefined
  /** What else an acknowledgement waits for when events have been evaluated. @returns false: it is asked again */
  readonly saved?: () => Promise<boolean>
  /** The server does not give batches at present, and why; it is asked again. */
  readonly onTrouble?: (reason: string) => void
}

/** Batches that a worker has at a time, so that one that is killed leaves few to others, and waits for none. */
const WINDOW = 4
/** Milliseconds that the server keeps a request for batches: a worker that stops waits for it, and gives back what still comes. */
const EXPIRES = 1000
/** Milliseconds between two attempts. */
const AGAIN = 1000
/** Milliseconds between batches that are given back so that each comes alone. */
const APART = 1000
/** Milliseconds between two looks at the backlog. */
const LOOK = 5000

/**
 * A worker: takes batches of audit events from a durable consumer, which it shares with other workers. A batch is acknowledged when all of
 * its events have been evaluated and `saved` says so; if the worker dies before, another gets it.
 */
export class AuditConsumer implements AuditInput {
  readonly stats: AuditStats = newStats()
  readonly #options: AuditConsumerOptions
  readonly #manager: JetStreamManager
  readonly #deadLetters: DeadLetters
  readonly #link: Link
  /** Of the consumer as it is, in milliseconds. */
  readonly #ackWait: number
  readonly #batches = { received: 0, redelivered: 0, acknowledged: 0, returned: 0 }
  readonly #stopping = new AbortController()
  #consumer: Consumer
  #pending = 0
  #unacknowledged = 0
  /** Those that wait, and all that were not acknowledged. */
  readonly #waiting: JsMsg[] = []
  readonly #taken = new Set<JsMsg>()
  #inHand: JsMsg | undefined
  readonly #settling = new Set<Promise<void>>()
  #change = Promise.withResolvers<void>()

  private constructor(
    options: AuditConsumerOptions,
    manager: JetStreamManager,
    { consumer, ackWait }: { readonly consumer: Consumer; readonly ackWait: number },
    dead: DeadLetters,
  ) {
    this.#options = options
    this.#ackWait = ackWait
    this.#manager = manager
    this.#consumer = consumer
    this.#deadLetters = dead
    this.#link = new Link(options.connection)
  }

  /** @throws {Error} when the server has no JetStream, or refuses the stream or the consumer */
  static async open(options: AuditConsumerOptions): Promise<AuditConsumer> {
    const { jetstream, jetstreamManager } = await import('@nats-io/jetstream')
    const manager = await jetstreamManager(options.connection)
    const consumer = await consumerOf(manager, options)
    const dead = await DeadLetters.open(options, jetstream(options.connection))
    const { ack_wait = 30e9 } = (await consumer.info(true)).config
    return new AuditConsumer(options, manager, { consumer, ackWait: ack_wait / 1e6 }, dead)
  }

  get counts(): AuditStreamCounts {
    return {
      ...{ batches: { ...this.#batches }, deadLetters: this.#deadLetters.counts, connected: this.#link.connected },
      ...{ pending: this.#pending, unacknowledged: this.#unacknowledged },
    }
  }

  losses(): Record<string, number> {
    return lossesOf(this.stats)
  }

  [Symbol.asyncIterator](): AsyncIterator<AuditEvent> {
    return eventsOf(this.batches())
  }

  /** Ends after the batch in hand once the signal fires; the others are given back. */
  async *batches(): AsyncGenerator<AuditEvent[], void> {
    const { signal } = this.#options
    const stop = () => {
      this.#stopping.abort()
      this.#changed()
    }
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop, { once: true })
    const fetching = this.#fetch()
    const working = setInterval(() => {
      for (const batch of this.#taken) batch.working()
    }, this.#ackWait / 3)
    const looking = setInterval(() => void this.#look(), LOOK)
    void this.#look()
    try {
      for (let batch = await this.#next(); batch; batch = await this.#next()) yield* this.#evaluate(batch)
    } finally {
      stop()
      signal?.removeEventListener('abort', stop)
      await fetching
      await Promise.all(this.#settling)
      // One whose evaluation was broken off does not come back together with the others.
      for (const batch of this.#taken) this.#giveBack(batch, batch === this.#inHand ? APART : undefined)
      clearInterval(working)
      clearInterval(looking)
    }
  }

  #changed(): void {
    const { resolve } = this.#change
    this.#change = Promise.withResolvers()
    resolve()
  }

  async #next(): Promise<JsMsg | undefined> {
    const { signal } = this.#stopping
    while (this.#waiting.length === 0 && !signal.aborted) await this.#change.promise
    if (signal.aborted) return undefined
    const [batch, ...others] = this.#waiting.sort((a, b) => a.info.deliveryCount - b.info.deliveryCount)
    this.#waiting.shift()
    // Perhaps a worker has died of one of them: if this one does, others that were with it should not be taken for the cause.
    if (batch!.redelivered) {
      this.#waiting.length = 0
      for (const [i, other] of others.entries()) this.#giveBack(other, (i + 1) * APART)
    }
    this.#inHand = batch
    return batch
  }

  async #fetch(): Promise<void> {
    const { signal } = this.#stopping
    let failures = 0
    while (!signal.aborted) {
      const room = this.#inHand?.redelivered ? 0 : WINDOW - this.#taken.size
      if (room <= 0) {
        await this.#change.promise
        continue
      }
      try {
        for await (const batch of await this.#consumer.fetch({ max_messages: room, expires: EXPIRES }))
          this.#arrived(batch)
        failures = 0
      } catch (error) {
        // A single one is what a server's restart looks like.
        if (++failures === 2) this.#options.onTrouble?.((error as Error).message)
        await sleep(AGAIN, undefined, { signal }).catch(() => {})
        if (failures > 1) await this.#renew()
      }
    }
  }

  #arrived(batch: JsMsg): void {
    this.#batches.received++
    this.stats.bytes += batch.data.length
    if (batch.redelivered) this.#batches.redelivered++
    this.#taken.add(batch)
    this.#waiting.push(batch)
    this.#changed()
  }

  /** Somebody may have removed the stream or the consumer. */
  async #renew(): Promise<void> {
    try {
      this.#consumer = await consumerOf(this.#manager, this.#options)
    } catch {
      // The next attempt to fetch says so.
    }
  }

  async #look(): Promise<void> {
    try {
      const { num_pending, num_ack_pending } = await this.#consumer.info()
      this.#pending = num_pending
      this.#unacknowledged = num_ack_pending
    } catch {
      // The last known numbers stay; `connected` tells how much they are worth.
    }
  }

  async *#evaluate(batch: JsMsg): AsyncGenerator<AuditEvent[], void> {
    const { maxDeliveries = 5, maxEventSize, sieve, onProblem } = this.#options
    const { deliveryCount } = batch.info
    if (deliveryCount > maxDeliveries) {
      const message = `a batch was given to workers ${deliveryCount} times, which did not acknowledge it`
      return this.#later(batch, this.#rejected({ cause: 'deliveries', message }))
    }
    const text = await this.#textOf(batch)
    if (typeof text !== 'string') return this.#later(batch, text)
    const options = { strict: true, ...(maxEventSize !== undefined && { maxEventSize }) }
    const body = new BodyReader(text, { ...options, sieve: () => AuditSieve.of(sieve?.()) })
    let problem: AuditProblem | undefined
    while (!body.done) {
      const slice = body.read()
      countBody(this.stats, slice)
      for (const one of slice.problems) onProblem?.(one)
      problem ??= slice.problems[0]
      if (slice.events.length > 0) yield slice.events
      await turn()
    }
    this.#later(batch, problem)
  }

  async #textOf(batch: JsMsg): Promise<string | AuditProblem> {
    const { maxBodyBytes = 12 * 1024 * 1024 } = this.#options
    try {
      return await decode({ data: batch.data, gzip: batch.headers?.get('Content-Encoding') === 'gzip' }, maxBodyBytes)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return this.#rejected(
        code === 'ERR_BUFFER_TOO_LARGE'
          ? { cause: 'too-large', message: `a batch of more than ${maxBodyBytes} bytes` }
          : { cause: 'bad-json', message: `a batch that cannot be decompressed: ${message}` },
      )
    }
  }

  #rejected(problem: AuditProblem): AuditProblem {
    this.stats.rejected[problem.cause]++
    this.#options.onProblem?.(problem)
    return problem
  }

  #later(batch: JsMsg, flaw: AuditProblem | undefined): void {
    this.#inHand = undefined
    const settled = this.#settle(batch, flaw).finally(() => {
      this.#settling.delete(settled)
      this.#changed()
    })
    this.#settling.add(settled)
  }

  /** Acknowledges a batch whose events have been evaluated. With a flaw, it is kept among the dead letters. */
  async #settle(batch: JsMsg, flaw: AuditProblem | undefined): Promise<void> {
    const { saved } = this.#options
    const { signal } = this.#stopping
    while (!((await saved?.()) ?? true)) {
      if (signal.aborted) return
      await sleep(AGAIN, undefined, { signal }).catch(() => {})
    }
    if (flaw && !(await this.#deadLetters.keep(batch, flaw))) return this.#giveBack(batch, AGAIN)
    batch.ack()
    this.#batches.acknowledged++
    this.#taken.delete(batch)
  }

  #giveBack(batch: JsMsg, after?: number): void {
    batch.nak(after)
    this.#batches.returned++
    this.#taken.delete(batch)
  }
}

/** JetStream's error code. */
const CONSUMER_NOT_FOUND = 10014

/** The durable consumer, made with its stream unless it exists. */
async function consumerOf(manager: JetStreamManager, options: AuditConsumerOptions): Promise<Consumer> {
  const { connection, stream, subject, ackWait = 30_000 } = options
  const { durable = ['falc', ...(subject?.split('.') ?? [])].join('-') } = options
  const { AckPolicy, jetstream } = await import('@nats-io/jetstream')
  await createStreams(manager, options)
  try {
    await manager.consumers.info(stream, durable)
  } catch (error) {
    if ((error as { code?: number }).code !== CONSUMER_NOT_FOUND) throw error
    await manager.consumers.add(stream, {
      ...{ durable_name: durable, ack_policy: AckPolicy.Explicit, ack_wait: ackWait * 1e6, max_ack_pending: 1000 },
      // Workers count: the server would leave such a batch where it is, without a word.
      max_deliver: -1,
      filter_subject: `${stream}.${subject ?? '>'}`,
    })
  }
  return jetstream(connection).consumers.get(stream, durable)
}
