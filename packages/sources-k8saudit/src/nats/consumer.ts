import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { Consumer, JetStreamManager, JsMsg } from '@nats-io/jetstream'
import type { AuditEvent } from '../event.ts'
import { type AuditInput, batchesOf, eventsOf, lossesOf } from '../input/input.ts'
import { BodyReader } from '../parse.ts'
import type { Piece } from '../piece.ts'
import type { AuditProblem } from '../problem.ts'
import { AuditSieve } from '../sieve/sieve.ts'
import { type AuditStats, addStats, countedEvents, type InputOptions, newStats } from '../stats.ts'
import { DeadLetters } from './dead-letters.ts'
import { decode } from './parts.ts'
import { type AuditStreamCounts, type DurablePlace, durableConsumer, fetched, Link } from './stream.ts'

export interface AuditConsumerOptions extends DurablePlace, InputOptions {
  /** A batch that was given to workers more often goes to the dead letters. Default 5. */
  readonly maxDeliveries?: number | undefined
  /** A larger batch, decompressed, goes to the dead letters. Default 12582912. */
  readonly maxBodyBytes?: number | undefined
  /** What else an acknowledgement waits for when events have been evaluated. @returns false: it is asked again */
  readonly saved?: () => Promise<boolean>
  /** Batches at a time, so that a worker that is killed leaves few to others, and waits for none. Default 4. */
  readonly window?: number | undefined
  /** The server does not give batches at present, and why; it is asked again. */
  readonly onTrouble?: (reason: string) => void
}

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
  readonly #inHand = new Set<JsMsg>()
  /** Those that were given out and are not settled. */
  #open = 0
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
    const consumer = await durableConsumer(manager, options)
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

  batches(): AsyncGenerator<AuditEvent[], void> {
    return batchesOf(this.pieces())
  }

  /** Ends after the batches in hand once the signal fires; the others are given back. */
  async *pieces(): AsyncGenerator<Piece, void> {
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
      for (let batch = await this.#next(); batch; batch = await this.#next()) yield* this.#pieceOf(batch)
    } finally {
      stop()
      signal?.removeEventListener('abort', stop)
      await fetching
      while (this.#open > 0) await this.#change.promise
      await Promise.all(this.#settling)
      // A batch whose evaluation was interrupted is not redelivered together with the others.
      for (const batch of this.#taken) this.#giveBack(batch, this.#inHand.has(batch) ? APART : undefined)
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
    this.#inHand.add(batch!)
    return batch
  }

  async #fetch(): Promise<void> {
    const { window = 4 } = this.#options
    const { signal } = this.#stopping
    let failures = 0
    while (!signal.aborted) {
      const alone = [...this.#inHand].some(({ redelivered }) => redelivered)
      const room = alone ? 0 : window - this.#taken.size
      if (room <= 0) {
        await this.#change.promise
        continue
      }
      try {
        for await (const batch of fetched(this.#consumer, room)) this.#arrived(batch)
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

  /** The stream or the consumer may have been removed. A failure is seen by the next attempt to fetch. */
  async #renew(): Promise<void> {
    this.#consumer = await durableConsumer(this.#manager, this.#options).catch(() => this.#consumer)
  }

  async #look(): Promise<void> {
    try {
      const { num_pending, num_ack_pending } = await this.#consumer.info()
      this.#pending = num_pending
      this.#unacknowledged = num_ack_pending
    } catch {
      // The last known numbers remain; `connected` says whether they are current.
    }
  }

  async *#pieceOf(batch: JsMsg): AsyncGenerator<Piece, void> {
    const { maxDeliveries = 5, onProblem, divided } = this.#options
    const { deliveryCount } = batch.info
    if (deliveryCount > maxDeliveries) {
      const message = `a batch was given to workers ${deliveryCount} times, which did not acknowledge it`
      return this.#later(batch, this.#rejected({ cause: 'deliveries', message }))
    }
    const bytes = await this.#bodyOf(batch)
    if ('cause' in bytes) return this.#later(batch, bytes)
    let flaw: AuditProblem | undefined
    const report = (problem: AuditProblem) => {
      flaw ??= problem
      onProblem?.(problem)
    }
    if (batch.redelivered && !(await this.#until(() => this.#open === 0))) return
    this.#open++
    yield {
      ...(divided && { part: { form: 'body', bytes } as const }),
      read: () => countedEvents(this.#reader(bytes), this.stats, report),
      join: ({ stats, problems }) => {
        addStats(this.stats, { ...stats, bytes: 0 })
        for (const problem of problems) report(problem)
        return true
      },
      settle: evaluated => {
        this.#open--
        if (evaluated) this.#later(batch, flaw)
        this.#changed()
      },
    }
    await turn()
    if (batch.redelivered) await this.#until(() => this.#open === 0)
  }

  /** False: stopped before. */
  async #until(holds: () => boolean): Promise<boolean> {
    while (!holds() && !this.#stopping.signal.aborted) await this.#change.promise
    return holds()
  }

  #reader(bytes: Buffer): BodyReader {
    const { maxEventSize, sieve } = this.#options
    const options = { strict: true, ...(maxEventSize !== undefined && { maxEventSize }) }
    return new BodyReader(bytes.toString('utf8'), { ...options, sieve: () => AuditSieve.of(sieve?.()) })
  }

  async #bodyOf(batch: JsMsg): Promise<Buffer | AuditProblem> {
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
    this.#inHand.delete(batch)
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
