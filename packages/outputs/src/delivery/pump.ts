import type { Answer, Failure } from '../model/answer.ts'
import type { Item } from '../model/transport.ts'
import type { Queue } from '../queue/queue.ts'
import type { Backoff } from './backoff.ts'
import { Batch } from './batch.ts'
import type { Connection } from './connection.ts'
import type { Counters } from './counters.ts'
import type { Outage } from './outage.ts'
import { Pause } from './stall.ts'

export interface PumpParts {
  readonly queue: Queue
  readonly connection: Connection
  readonly counters: Counters
  readonly outage: Outage
  readonly backoff: Backoff
  /** Milliseconds that alerts wait for others to go out with. */
  readonly linger: number
  /** Counts losses; the first of each cause is logged. */
  readonly lost: (cause: string, count: number, reason: string) => void
  /** Counts an alert that was refused and is kept; the first one is logged. */
  readonly dead: (reason: string) => void
  readonly problem: (text: string) => void
}

/** Queue → batch → attempt → answer, until the queue is empty, the output is broken, or the pump is stopped. */
export class Pump {
  state: 'open' | 'broken' | 'closed' = 'open'
  /** Grows whenever alerts are done with. */
  progress = 0
  readonly #parts: PumpParts
  readonly #batch = new Batch()
  /** Between two attempts. */
  readonly #pause = new Pause()
  #running: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #step = Promise.withResolvers<void>()
  #reopenWanted = false
  #connectWanted = false
  #connectAttempts = 0

  constructor(parts: PumpParts) {
    this.#parts = parts
  }

  /** Alerts that are neither delivered nor given up. */
  get waiting(): number {
    return this.#parts.queue.length + this.#batch.length
  }

  /** Resolves at the end of the run in progress. */
  get running(): Promise<void> | null {
    return this.#running
  }

  /** Resolves when alerts have left the queue, and at the end of each attempt and of each pause. */
  get step(): Promise<void> {
    return this.#step.promise
  }

  /** Runs soon: at once, or when enough alerts have come together. */
  schedule(): void {
    const { queue, connection, linger } = this.#parts
    if (this.#running) return
    if (linger === 0 || queue.length >= connection.batch.items) this.start()
    else this.#timer ??= setTimeout(() => this.start(), linger)
  }

  start(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#running || this.state === 'closed') return
    const run: Promise<void> = this.#run().finally(() => {
      if (this.#running === run) this.#running = null
      this.#stepped()
    })
    this.#running = run
  }

  /** Ends a pause: something has changed. */
  wake(): void {
    this.#pause.wake()
  }

  /** Connects, whether or not there is something to send, and tries again until that works. */
  connect(): void {
    this.#connectWanted = true
    this.start()
  }

  /** The connection is reopened before the next attempt. */
  reopen(): void {
    this.#reopenWanted = true
    this.wake()
    this.start()
  }

  /** The batch in progress, to be given up. */
  clear(): readonly Item[] {
    return this.#batch.clear()
  }

  /** Gives up what waits. A queue on disk keeps it. */
  discard(cause: string): void {
    const { queue, counters } = this.#parts
    if (!queue.durable) counters.drop(cause, queue.clear() + this.#batch.clear().length)
  }

  async #run(): Promise<void> {
    // The rest of the caller's synchronous stretch joins the first batch.
    await Promise.resolve()
    while (this.state === 'open') {
      if (this.#reopenWanted) await this.#reopen()
      else if (this.#connectWanted) await this.#connect()
      else if (this.waiting === 0) {
        // At this very moment, since no later one looks again: what comes from now on starts another run.
        this.#running = null
        return
      } else await this.#deliver()
      this.#stepped()
    }
    this.discard(this.state)
  }

  #stepped(): void {
    this.#step.resolve()
    this.#step = Promise.withResolvers()
  }

  async #reopen(): Promise<void> {
    const { backoff, connection, problem } = this.#parts
    this.#reopenWanted = false
    backoff.reset()
    try {
      await connection.reopen()
    } catch (error) {
      if (this.state === 'open') problem(`${(error as Error).message} (reopening)`)
    }
  }

  async #connect(): Promise<void> {
    const { backoff, connection, outage } = this.#parts
    this.#connectWanted = false
    const failure = await connection.connect()
    if (this.state !== 'open') return
    if (failure) {
      // After a reload, the predecessor may use the address for a moment longer.
      if (this.#connectAttempts++ > 0 || failure.cause !== 'EADDRINUSE') outage.failing(failure)
      const pause = backoff.next(failure)
      if (this.waiting === 0) setTimeout(() => this.connect(), pause).unref()
      else {
        this.#connectWanted = true
        await this.#pause.for(pause)
      }
    } else if (this.waiting === 0) {
      outage.recovered(0)
      backoff.reset()
    }
  }

  async #deliver(): Promise<void> {
    const { queue, connection, counters, outage } = this.#parts
    const limits = connection.batch
    if (this.#batch.length === 0) {
      const taken = queue.take(limits.items, limits.bytes ?? Number.POSITIVE_INFINITY)
      this.#batch.fill(Array.isArray(taken) ? taken : await taken)
      // A producer that waits for room continues while these are sent: once the call has been made, not before.
      setImmediate(() => this.#stepped())
    }
    const sent = this.#batch.next(limits)
    if (sent.length === 0 || this.state !== 'open') return
    if (outage.failure) counters.retries++
    const answer = await connection.attempt(sent)
    if (this.state === 'open') await this.#settle(sent, answer)
  }

  async #settle(sent: readonly Item[], answer: Answer): Promise<void> {
    const { queue, counters, outage, backoff } = this.#parts
    const waited = this.waiting
    const { delivered, refused, again, done } = this.#batch.settle(sent, answer)
    counters.delivered += delivered
    for (const { item, failure } of refused) this.#refused(item, failure)
    queue.done(done)
    if ((delivered > 0 || refused.length > 0) && outage.recovered(waited)) backoff.reset()
    if (again === undefined || delivered > 0 || refused.length > 0) this.progress++
    if (again?.class === 'broken') this.#break(again)
    else if (again) {
      outage.failing(again)
      await this.#pause.for(backoff.next(again))
    }
  }

  #refused(item: Item, failure: Failure): void {
    const { queue, dead, lost } = this.#parts
    if (queue.bury(item, failure)) dead(failure.message)
    else lost(failure.cause, 1, failure.message)
  }

  #break(failure: Failure): void {
    const { queue, lost } = this.#parts
    if (!queue.durable) lost(failure.cause, this.#batch.clear().length, failure.message)
    this.state = 'broken'
  }
}
