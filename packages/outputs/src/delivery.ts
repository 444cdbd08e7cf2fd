import type { AlertData } from '@falc/engine'
import type { Answer, Failure } from './answer.ts'
import { Backoff, type BackoffOptions } from './backoff.ts'
import { Batch } from './batch.ts'
import type { Collapse } from './collapse.ts'
import { Connection } from './connection.ts'
import { Counters, type OutputStats } from './counters.ts'
import type { Format } from './format.ts'
import { QueuedItem, type Wording } from './item.ts'
import { Outage } from './outage.ts'
import { MemoryQueue, type Queue } from './queue.ts'
import { RateLimit } from './rate.ts'
import type { Item, Rate, Target } from './transport.ts'

export interface DeliveryOptions {
  readonly format: Format
  /** Which alerts are the output's. Default: all. */
  readonly accepts?: ((alert: AlertData) => boolean) | undefined
  readonly collapse?: ((next: (alert: AlertData) => void, counters: Counters) => Collapse) | undefined
  readonly rate?: Rate | undefined
  /** Connect with the first alert, not with `open`: a receiver that is down is an outage like any other. */
  readonly lazy?: boolean
  /** Default: a queue in memory with default bounds. */
  readonly queue?: Queue
  /** The text for people. Default: the alert's output. */
  readonly template?: ((alert: AlertData) => string) | undefined
  /** Milliseconds (Falco's output_timeout) after which a call is reported as blocked. It is not interrupted. Default 2000. */
  readonly timeout?: number
  /** Milliseconds that alerts wait for others to go out with (Falco's buffered_outputs). 0: they go out at once. */
  readonly linger?: number
  readonly backoff?: BackoffOptions
  /** Milliseconds that a failing output may hold up a producer that waits (`room`), and a close without a deadline. Default 5000. */
  readonly patience?: number
  /** Called once when an output fails and once when it has recovered; for blocked calls, and for the first loss of each cause. */
  readonly log?: (level: 'critical' | 'error' | 'notice', text: string) => void
  /** Keeps what the receiver refuses. @returns false: it could not */
  readonly deadLetter?: ((item: Item, failure: Failure) => boolean) | undefined
}

/** Queued alerts from which on a producer that can wait should wait (`room`). */
const HIGH_WATER = 1024

/**
 * Delivers to one output: alert → route → collapse → rate → format → queue → batch → attempt → answer. The queue is in front
 * of the output so that a slow one holds up neither the engine nor the other outputs; attempts continue until the receiver has
 * the alerts or refuses them for good; counters and log lines tell all of it.
 */
export class Delivery {
  readonly name: string
  readonly #accepts: ((alert: AlertData) => boolean) | undefined
  readonly #collapse: Collapse | undefined
  readonly #rate: RateLimit | undefined
  /** The first stage after the route. */
  readonly #enter: (alert: AlertData) => void
  readonly #connection: Connection
  readonly #queue: Queue
  readonly #batch = new Batch()
  readonly #format: Format
  readonly #wording: Wording
  readonly #linger: number
  readonly #patience: number
  readonly #backoff: Backoff
  readonly #log: NonNullable<DeliveryOptions['log']>
  readonly #deadLetter: NonNullable<DeliveryOptions['deadLetter']>
  readonly #counters = new Counters()
  readonly #outage: Outage
  readonly #lazy: boolean
  /** Takes what this delivery does not get rid of. */
  #successor: ((alert: AlertData) => void) | undefined
  /** Grows with each batch that is done with: what a closing deadline measures progress by. */
  #progress = 0
  #pumping: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  /** Ends a pause between two attempts. */
  #wake: () => void = () => {}
  /** Resolves at the end of each attempt and of each pause. */
  #step = Promise.withResolvers<void>()
  #reopenWanted = false
  #closing = false
  #state: 'open' | 'broken' | 'closed' = 'open'

  constructor(target: Target, options: DeliveryOptions) {
    const { timeout = 2000, linger = 0, patience = 5000, log = () => {}, deadLetter = () => false } = options
    this.name = target.name
    this.#connection = new Connection(target, { timeout, blocked: () => this.#blocked() })
    this.#queue = options.queue ?? new MemoryQueue()
    this.#format = options.format
    this.#wording = { contentType: options.format.contentType, template: options.template }
    this.#linger = linger
    this.#lazy = options.lazy ?? false
    this.#patience = patience
    this.#backoff = new Backoff(options.backoff)
    this.#log = log
    this.#deadLetter = deadLetter
    this.#outage = new Outage(this.name, log, this.#counters)
    // From the queue backwards: each stage passes alerts on to the one made before it.
    this.#enter = alert => this.#enqueue(alert)
    this.#rate = options.rate && new RateLimit(options.rate, this.name, this.#enter, this.#counters)
    if (this.#rate) this.#enter = alert => this.#rate!.push(alert)
    this.#collapse = options.collapse?.(this.#enter, this.#counters)
    if (this.#collapse) this.#enter = alert => this.#collapse!.push(alert)
    this.#accepts = options.accepts
  }

  /** Opens the queue, and connects, unless it is to do so with the first alert. @throws {OutputError} when that is not possible */
  async open(): Promise<void> {
    await this.#queue.open()
    if (!this.#lazy) await this.#connection.open()
    // What a queue on disk has from before.
    if (this.waiting > 0) this.#start()
  }

  /** What waits goes to a successor, when it would otherwise be discarded at the end. */
  handOver(successor: (alert: AlertData) => void): void {
    this.#successor = successor
  }

  /** Takes an alert that a predecessor had in its queue: it has passed the stages before. */
  take(alert: AlertData): void {
    this.#counters.pushed++
    this.#enqueue(alert)
  }

  get broken(): boolean {
    return this.#state === 'broken'
  }

  /** Alerts that are neither delivered nor given up. */
  get waiting(): number {
    return this.#queue.length + this.#batch.length
  }

  /** The queue is so long that a producer that can wait should `await room()`. False for an output that has failed for long, since it may not recover. */
  get full(): boolean {
    return (this.#queue.length >= HIGH_WATER || this.#queue.refuses) && !this.#outage.lasts(this.#patience)
  }

  get stats(): OutputStats {
    const { pushed, dead, collapsed, limited, timeouts, retries } = this.#counters
    return {
      name: this.name,
      ...{ pushed, dead, collapsed, limited },
      ...this.#counters.stats(this.#connection.undone),
      queued: this.waiting,
      queuedBytes: this.#queue.bytes,
      timeouts,
      retries,
      ...(this.#outage.failure && { failing: this.#outage.failure.message }),
    }
  }

  /** Never waits and never throws; what cannot be taken is counted. */
  push(alert: AlertData): void {
    if (this.#accepts && !this.#accepts(alert)) return
    this.#counters.pushed++
    if (this.#closing) this.#enqueue(alert)
    else this.#enter(alert)
  }

  #enqueue(alert: AlertData): void {
    if (this.#state !== 'open') this.#counters.drop(this.#state, 1)
    // A full queue costs nothing more: the alert is not even printed.
    else if (this.#queue.refuses) this.#full(1)
    else {
      const dropped = this.#queue.push(new QueuedItem(alert, this.#format.print(alert), this.#wording))
      if (dropped > 0) this.#full(dropped)
      this.#schedule()
    }
  }

  /** A test alert: past condition, collapse and rate. */
  test(alert: AlertData): void {
    this.#counters.pushed++
    this.#enqueue(alert)
  }

  /** Whether it would drop any further alert. */
  get refuses(): boolean {
    return this.#state !== 'open' || this.#queue.refuses
  }

  /** Resolves when the queue is short again, or when waiting makes no sense (see `full`). */
  async room(): Promise<void> {
    while (this.full && this.#state === 'open') {
      this.#start()
      await this.#step.promise
    }
  }

  /** Resolves when everything pushed so far would survive the process, as far as the queue can do that. */
  saved(): Promise<void> {
    return this.#queue.saved()
  }

  /** Resolves when everything pushed so far has been delivered or counted as lost. */
  async flush(): Promise<void> {
    while (this.waiting > 0 || this.#pumping) {
      this.#start()
      await this.#pumping
    }
  }

  /** Reopens the output before the next alert. */
  reopen(): Promise<void> {
    this.#reopenWanted = true
    this.#wake()
    this.#start()
    return this.#pumping ?? Promise.resolve()
  }

  /**
   * Delivers what is queued, then closes the output. What is left stays in a queue on disk; otherwise it is discarded and
   * counted. That is the case when `deadline` milliseconds pass without progress, when `abort` fires, or, without a deadline,
   * when the output keeps failing for `patience`.
   */
  async close(deadline?: number, abort?: AbortSignal): Promise<void> {
    if (this.#closing) return
    this.#sumUp()
    this.#closing = true
    this.#wake()
    const forced = this.broken || !(await this.#ends(this.flush(), deadline, abort))
    if (forced && !this.broken) this.#giveUp()
    if (!this.broken) this.#state = 'closed'
    this.#wake()
    if (forced || !(await this.#ends(this.#connection.close(false), deadline, abort)))
      await this.#connection.close(true)
    await this.#queue.close()
  }

  /** Alerts that stand for others, before the end of their time. */
  #sumUp(): void {
    this.#collapse?.flush()
    this.#rate?.flush()
  }

  #giveUp(): void {
    if (this.#queue.durable) {
      this.#log('notice', `${this.name}: ${this.waiting} alerts stay in the queue on disk`)
      return
    }
    if (this.#successor) {
      this.#passOn(this.#successor)
      return
    }
    this.#log('notice', `${this.name}: output still blocked, discarding all remaining notifications`)
    this.#counters.drop(this.#outage.failure?.cause ?? 'shutdown', this.#queue.clear() + this.#batch.clear().length)
  }

  #passOn(successor: (alert: AlertData) => void): void {
    const waiting = [...this.#batch.clear(), ...this.#queue.drain()]
    this.#counters.pushed -= waiting.length
    for (const { alert } of waiting) successor(alert)
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
      if (still && (deadline !== undefined || this.#outage.lasts(this.#patience))) giveUp()
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
    if (count > 0 && !this.#counters.has(cause)) this.#log('error', `${this.name}: ${reason}`)
    this.#counters.drop(cause, count)
  }

  #full(count: number): void {
    this.#drop('queue_full', count, `outputs queue full (${this.waiting} alerts), dropping alerts`)
  }

  #blocked(): void {
    this.#counters.timeouts++
    this.#log('critical', `"${this.name}" output timeout, the output channel is blocked`)
  }

  #schedule(): void {
    if (this.#pumping) return
    if (this.#linger === 0 || this.#queue.length >= this.#connection.batch.items) this.#start()
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
      else if (this.waiting === 0) return
      else await this.#deliver()
      this.#stepped()
    }
    this.#counters.drop(this.#state, this.#queue.clear() + this.#batch.clear().length)
  }

  #stepped(): void {
    this.#step.resolve()
    this.#step = Promise.withResolvers()
  }

  async #reopen(): Promise<void> {
    this.#reopenWanted = false
    this.#backoff.reset()
    try {
      await this.#connection.reopen()
    } catch (error) {
      if (this.#state === 'open') this.#log('error', `${(error as Error).message} (reopening)`)
    }
  }

  async #deliver(): Promise<void> {
    const limits = this.#connection.batch
    if (this.#batch.length === 0) {
      const taken = this.#queue.take(limits.items, limits.bytes ?? Number.POSITIVE_INFINITY)
      this.#batch.fill(Array.isArray(taken) ? taken : await taken)
    }
    const sent = this.#batch.next(limits)
    if (this.#outage.failure) this.#counters.retries++
    const answer = await this.#connection.attempt(sent)
    if (this.#state === 'closed') return
    await this.#settle(sent, answer)
  }

  async #settle(sent: readonly Item[], answer: Answer): Promise<void> {
    const waited = this.waiting
    const { delivered, refused, again, done } = this.#batch.settle(sent, answer)
    this.#counters.delivered += delivered
    this.#queue.done(done)
    for (const { item, failure } of refused) this.#refused(item, failure)
    if (delivered > 0 || refused.length > 0) this.#recovered(waited)
    if (again === undefined || refused.length > 0) this.#progress++
    if (again?.class === 'broken') this.#break(again)
    else if (again) {
      this.#outage.failing(again)
      await this.#pause(this.#backoff.next(again))
    }
  }

  #refused(item: Item, failure: Failure): void {
    if (this.#deadLetter(item, failure)) this.#counters.dead++
    else this.#drop(failure.cause, 1, failure.message)
  }

  #break(failure: Failure): void {
    this.#drop(failure.cause, this.#batch.clear().length, failure.message)
    this.#state = 'broken'
  }

  #recovered(waited: number): void {
    if (this.#outage.recovered(waited)) this.#backoff.reset()
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
