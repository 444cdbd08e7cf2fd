import { type Answer, type Failure, failureOf } from './answer.ts'
import { Backoff, type BackoffOptions } from './backoff.ts'
import { Counters, type OutputStats } from './counters.ts'
import type { Message, Output } from './output.ts'
import { BoundedQueue, type QueueBounds } from './queue.ts'

export interface ChannelOptions extends QueueBounds {
  /** Milliseconds (Falco's output_timeout) after which a call is reported as blocked. It goes on. */
  readonly timeout?: number
  /** Milliseconds that messages wait for others to go out with (Falco's buffered_outputs). 0: they go out at once. */
  readonly linger?: number
  readonly backoff?: BackoffOptions
  /** Milliseconds that a failing output may hold up a producer that waits (`room`), and a close without a deadline. Default 5000. */
  readonly patience?: number
  /** Called once when an output fails and once when it has recovered; for blocked calls, and for the first loss of each cause. */
  readonly log?: (level: 'critical' | 'error' | 'notice', text: string) => void
}

/** Queued messages from which on a producer that can wait should wait (`room`). */
const HIGH_WATER = 1024

/** Memory of a queued message: its text, and the objects around it. */
const sizeOf = ({ line, alert }: Message): number => line.length + (alert ? 1024 + line.length : 128)

/** What is remembered from an output's first failure to its recovery. */
interface Outage {
  readonly since: number
  /** Losses before it. */
  readonly lost: number
  failure: Failure
}

/**
 * Delivers to one output: a queue in front of it, so that a slow one holds up neither the engine nor the other outputs;
 * attempts until the receiver has the messages or refuses them for good; counters and log lines for all of it.
 */
export class Channel {
  readonly output: Output
  readonly #queue: BoundedQueue<Message>
  readonly #timeout: number
  readonly #linger: number
  readonly #patience: number
  readonly #backoff: Backoff
  readonly #log: NonNullable<ChannelOptions['log']>
  readonly #counters = new Counters()
  /** Grows with each batch that is done with: what a closing deadline measures progress by. */
  #progress = 0
  #pumping: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #outage: Outage | null = null
  /** Ends a pause between two attempts. */
  #wake: () => void = () => {}
  /** Resolves at the end of each attempt and of each pause. */
  #step = Promise.withResolvers<void>()
  #reopenWanted = false
  #closing = false
  #state: 'open' | 'broken' | 'closed' = 'open'

  constructor(output: Output, options: ChannelOptions = {}) {
    const { timeout = 2000, linger = 0, patience = 5000, log = () => {} } = options
    this.output = output
    this.#queue = new BoundedQueue(options, sizeOf)
    this.#timeout = timeout
    this.#linger = linger
    this.#patience = patience
    this.#backoff = new Backoff(options.backoff)
    this.#log = log
  }

  get broken(): boolean {
    return this.#state === 'broken'
  }

  /** The queue is so long that a producer that can wait should `await room()`. Not for an output that has failed for long: nobody knows when it recovers. */
  get full(): boolean {
    const { length, capacity, bytes, maxBytes } = this.#queue
    const long = length >= Math.min(HIGH_WATER, capacity) || bytes >= maxBytes / 2
    return long && !this.#failedFor(this.#patience)
  }

  get stats(): OutputStats {
    const { pushed, timeouts, retries } = this.#counters
    return {
      name: this.output.name,
      pushed,
      ...this.#counters.stats(this.output.undone),
      queued: this.#queue.length,
      queuedBytes: this.#queue.bytes,
      timeouts,
      retries,
      ...(this.#outage && { failing: this.#outage.failure.message }),
    }
  }

  /** Never waits and never throws; what cannot be taken is counted. */
  push(message: Message): void {
    this.#counters.pushed++
    if (this.#state !== 'open') this.#counters.drop(this.#state, 1)
    else if (this.#queue.push(message)) this.#schedule()
    else {
      const { length, capacity, bytes } = this.#queue
      this.#drop(
        'queue_full',
        1,
        `outputs queue full (${length >= capacity ? capacity : `${bytes} bytes`}), dropping alerts`,
      )
    }
  }

  /** Resolves when the queue is short again, or when waiting makes no sense (see `full`). */
  async room(): Promise<void> {
    while (this.full && this.#state === 'open') {
      this.#start()
      await this.#step.promise
    }
  }

  /** Resolves when everything pushed so far has been delivered or counted as lost. */
  async flush(): Promise<void> {
    while (this.#queue.length > 0 || this.#pumping) {
      this.#start()
      await this.#pumping
    }
  }

  /** Reopens the output before the next message. */
  reopen(): Promise<void> {
    this.#reopenWanted = true
    this.#wake()
    this.#start()
    return this.#pumping ?? Promise.resolve()
  }

  /**
   * Delivers what is queued, then closes the output. What is left is discarded and counted when `deadline` milliseconds
   * pass without progress, when `abort` fires, or, without a deadline, when the output keeps failing for `patience`.
   */
  async close(deadline?: number, abort?: AbortSignal): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    this.#wake()
    const forced = this.broken || !(await this.#ends(this.flush(), deadline, abort))
    if (forced && !this.broken) {
      const cause = this.#outage?.failure.cause ?? 'shutdown'
      this.#log('notice', `${this.output.name}: output still blocked, discarding all remaining notifications`)
      this.#counters.drop(cause, this.#queue.clear())
    }
    if (!this.broken) this.#state = 'closed'
    this.#wake()
    if (!forced && (await this.#ends(this.output.close(), deadline, abort))) return
    await this.output.close(true)
  }

  /** False: `work` made no progress within `deadline` milliseconds, `abort` fired, or the output has failed for too long. */
  async #ends(work: Promise<void>, deadline?: number, abort?: AbortSignal): Promise<boolean> {
    const { promise: gaveUp, resolve } = Promise.withResolvers<boolean>()
    const giveUp = () => resolve(false)
    if (abort?.aborted) giveUp()
    abort?.addEventListener('abort', giveUp)
    let seen = this.#progress
    const timer = setInterval(() => {
      const still = this.#progress === seen
      seen = this.#progress
      if (still && (deadline !== undefined || this.#outage)) giveUp()
    }, deadline ?? this.#patience)
    try {
      return await Promise.race([work.then(() => true), gaveUp])
    } finally {
      clearInterval(timer)
      abort?.removeEventListener('abort', giveUp)
    }
  }

  /** Counts losses; the first of each cause is logged. */
  #drop(cause: string, count: number, reason: string): void {
    if (count > 0 && !this.#counters.has(cause)) this.#log('error', `${this.output.name}: ${reason}`)
    this.#counters.drop(cause, count)
  }

  #schedule(): void {
    if (this.#pumping) return
    if (this.#linger === 0 || this.#queue.length >= this.output.maxBatch) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), this.#linger)
  }

  #start(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#pumping || this.#state === 'closed') return
    this.#pumping = this.#pump().finally(() => {
      this.#pumping = null
      this.#stepped()
    })
  }

  async #pump(): Promise<void> {
    // The rest of the caller's synchronous stretch joins the first batch.
    await Promise.resolve()
    while (this.#state === 'open') {
      if (this.#reopenWanted) await this.#reopen()
      else if (this.#queue.length === 0) return
      else await this.#deliver()
      this.#stepped()
    }
    this.#counters.drop(this.#state, this.#queue.clear())
  }

  #stepped(): void {
    this.#step.resolve()
    this.#step = Promise.withResolvers()
  }

  async #reopen(): Promise<void> {
    this.#reopenWanted = false
    this.#backoff.reset()
    try {
      await this.#watched(this.output.reopen())
    } catch (error) {
      if (this.#state === 'open') this.#log('error', `${(error as Error).message} (reopening)`)
    }
  }

  async #deliver(): Promise<void> {
    const batch = this.#queue.peek(this.output.maxBatch, this.output.maxBatchBytes)
    if (this.#outage) this.#counters.retries++
    const { delivered, failure } = await this.#attempt(batch)
    if (this.#state === 'closed') return
    const waited = this.#queue.length
    this.#queue.remove(delivered)
    this.#counters.delivered += delivered
    if (delivered > 0) this.#recovered(waited)
    if (!failure) this.#progress++
    else await this.#failed(failure, batch.length - delivered)
  }

  /** @param rest how many messages of the batch were not delivered */
  async #failed(failure: Failure, rest: number): Promise<void> {
    switch (failure.class) {
      case 'broken':
        this.#queue.remove(rest)
        this.#drop(failure.cause, rest, failure.message)
        this.#state = 'broken'
        break
      case 'poison':
        this.#queue.remove(1)
        this.#drop(failure.cause, 1, failure.message)
        this.#recovered(this.#queue.length)
        this.#progress++
        break
      default:
        this.#failing(failure)
        await this.#pause(this.#backoff.next(failure))
    }
  }

  /** One watched call. */
  async #attempt(batch: readonly Message[]): Promise<Answer> {
    try {
      return await this.#watched(this.output.send(batch))
    } catch (error) {
      return { delivered: 0, failure: failureOf(error, this.output.name) }
    }
  }

  async #watched<T>(call: Promise<T>): Promise<T> {
    const watchdog = setTimeout(() => {
      this.#counters.timeouts++
      this.#log('critical', `"${this.output.name}" output timeout, the output channel is blocked`)
    }, this.#timeout)
    try {
      return await call
    } finally {
      clearTimeout(watchdog)
    }
  }

  #failing(failure: Failure): void {
    if (this.#outage) this.#outage.failure = failure
    else {
      this.#outage = { since: performance.now(), lost: this.#counters.lost, failure }
      this.#log('error', `${failure.message}; retrying`)
    }
  }

  /** @param waited messages in the queue when it recovered */
  #recovered(waited: number): void {
    if (!this.#outage) return
    const { since, lost } = this.#outage
    this.#outage = null
    this.#backoff.reset()
    const seconds = ((performance.now() - since) / 1000).toFixed(1)
    const counts = `${waited} messages waited, ${this.#counters.lost - lost} were lost`
    this.#log('notice', `${this.output.name}: recovered after ${seconds} s; ${counts}`)
  }

  #failedFor(ms: number): boolean {
    return this.#outage !== null && performance.now() - this.#outage.since >= ms
  }

  /** Ends early when something has changed: a close, a reopening. */
  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        clearTimeout(timer)
        this.#wake = () => {}
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#wake = done
    })
  }
}
