import type { AlertData } from '@falc/engine'
import type { Format } from '../model/format.ts'
import { QueuedItem, type Wording } from '../model/item.ts'
import { checkTarget, type Item, type Target } from '../model/transport.ts'
import { MemoryQueue } from '../queue/memory.ts'
import { LOSSES, type Loss, type Queue } from '../queue/queue.ts'
import { Backoff, type BackoffOptions } from './backoff.ts'
import { Connection } from './connection.ts'
import { Counters, type OutputStats } from './counters.ts'
import { Outage } from './outage.ts'
import { Pump } from './pump.ts'
import { type StageOptions, Stages } from './stages.ts'
import { ends } from './stall.ts'

export interface DeliveryOptions extends StageOptions {
  readonly format: Format
  /** Connect with the first alert, not with `open`: a receiver that is down is an outage like any other. */
  readonly lazy?: boolean
  /** With `lazy`: connect soon after `open`, before there is an alert. */
  readonly listens?: boolean
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
  readonly stallTimeout?: number
  /** Called once when an output fails and once when it has recovered; for blocked calls, and for the first loss of each cause. */
  readonly log?: (level: 'critical' | 'error' | 'notice', text: string) => void
}

/**
 * Delivers to one output: alert → route → collapse → rate → format → queue → batch → attempt → answer. The queue is in front of the output,
 * so a slow one delays neither the engine nor other outputs. Attempts continue until the receiver accepts the alerts or refuses them for
 * good. Counters and log lines show all of it.
 */
export class Delivery {
  readonly name: string
  readonly #stages: Stages
  readonly #connection: Connection
  readonly #queue: Queue
  readonly #pump: Pump
  readonly #wording: Wording
  readonly #stallTimeout: number
  readonly #log: NonNullable<DeliveryOptions['log']>
  readonly #counters = new Counters()
  readonly #outage: Outage
  /** It connects when there is something to send: how fast that goes is nothing that events wait for. */
  readonly remote: boolean
  readonly #listens: boolean
  /** Takes what this delivery does not get rid of. */
  #successor: ((alert: AlertData) => void) | undefined
  #closing = false

  /** @throws {TypeError} for something that is not a target, and without a format */
  constructor(target: Target, options: DeliveryOptions) {
    checkTarget(target)
    if (typeof options?.format?.print !== 'function')
      throw new TypeError(`new Delivery: ${target.name} needs a format, such as falcoJson()`)
    const { timeout = 2000, linger = 0, stallTimeout = 5000, log = () => {}, format, template } = options
    this.name = target.name
    this.#wording = { format, template }
    this.remote = options.lazy ?? false
    this.#listens = options.listens ?? false
    this.#stallTimeout = stallTimeout
    this.#log = log
    this.#connection = new Connection(target, { timeout, blocked: () => this.#blocked() })
    this.#outage = new Outage(this.name, log, this.#counters)
    this.#stages = new Stages(options, this.name, alert => this.#enqueue(alert), this.#counters)
    this.#queue = options.queue ?? new MemoryQueue()
    this.#queue.attach({
      item: (alert, size) => new QueuedItem(alert, this.#wording, size),
      lost: (cause, count) => this.#lose(cause, count),
      found: count => this.#found(count),
      log: (level, text) => log(level, `${this.name}: ${text}`),
    })
    this.#pump = new Pump({
      ...{ queue: this.#queue, connection: this.#connection, counters: this.#counters, outage: this.#outage },
      ...{ linger, backoff: new Backoff(options.backoff) },
      lost: (cause, count, reason) => this.#drop(cause, count, reason),
      dead: reason => this.#dead(reason),
      problem: text => log('error', text),
    })
  }

  /** Opens the queue, and connects, unless it is to do so with the first alert. @throws {OutputError} when that is not possible */
  async open(): Promise<void> {
    await this.#queue.open()
    try {
      if (!this.remote) await this.#connection.open()
    } catch (error) {
      await this.#queue.close()
      throw error
    }
    if (this.#listens) this.#pump.connect()
    // The items of an earlier run in a queue on disk.
    else if (this.waiting > 0) this.#pump.start()
  }

  /** Waiting items go to a successor if they would otherwise be discarded at the end. */
  handOver(successor: (alert: AlertData) => void): void {
    this.#successor = successor
  }

  /** Takes an alert past condition, collapse and rate: one that a predecessor had in its queue, or a test. */
  take(alert: AlertData): void {
    this.#counters.pushed++
    this.#enqueue(alert)
  }

  /** Alerts wait that this process has not pushed. */
  #found(count: number): void {
    this.#counters.pushed += count
    if (this.#pump.state === 'open') this.#pump.schedule()
  }

  get broken(): boolean {
    return this.#pump.state === 'broken'
  }

  /** Alerts that are neither delivered nor given up. */
  get waiting(): number {
    return this.#pump.waiting
  }

  /** The queue is so long that a producer that can wait should `await room()`. False for an output that has failed for long, since it may not recover. */
  get full(): boolean {
    return (this.#queue.crowded || this.#queue.refuses !== undefined) && !this.#outage.lasts(this.#stallTimeout)
  }

  get stats(): OutputStats {
    const { pushed, dead, collapsed, limited, timeouts, retries } = this.#counters
    return {
      name: this.name,
      ...{ pushed, dead, collapsed, limited },
      ...this.#counters.stats(this.#connection.undone),
      queued: this.waiting,
      queuedBytes: this.#queue.bytes,
      ...(this.#queue.disk && { disk: this.#queue.disk }),
      timeouts,
      retries,
      ...(this.#outage.failure && { failing: this.#outage.failure.message }),
    }
  }

  /** Never waits and never throws; what cannot be taken is counted. */
  push(alert: AlertData): void {
    if (this.#stages.passes(alert)) this.#enqueue(alert)
  }

  #enqueue(alert: AlertData): void {
    const { state } = this.#pump
    const { refuses } = this.#queue
    if (state !== 'open') this.#counters.drop(state, 1)
    // A full queue costs nothing more: the alert is not even printed.
    else if (refuses) this.#lose(refuses, 1)
    else {
      this.#queue.push(new QueuedItem(alert, this.#wording))
      this.#pump.schedule()
    }
  }

  /** The queue had no room for alerts, or has lost them. In a storm most alerts end here, so they are only counted. */
  #lose(cause: Loss, count: number): void {
    if (!this.#counters.again(cause, count)) this.#drop(cause, count, LOSSES[cause](this.waiting))
  }

  /** Whether it would drop any further alert. */
  get refuses(): boolean {
    return this.#pump.state !== 'open' || this.#queue.refuses !== undefined
  }

  /** Resolves when the queue is short again, or when waiting makes no sense (see `full`). */
  async room(): Promise<void> {
    while (this.full && this.#pump.state === 'open') {
      this.#pump.start()
      await this.#pump.step
    }
  }

  /** Resolves when everything pushed so far would survive the process, or is done with, as far as the queue can do that. @throws {OutputError} */
  saved(): Promise<void> {
    return this.#queue.saved()
  }

  /** Resolves when everything pushed so far has been delivered or counted as lost. */
  async flush(): Promise<void> {
    while (this.#pump.running || (this.waiting > 0 && this.#pump.state === 'open')) {
      this.#pump.start()
      await this.#pump.running
    }
  }

  /** Reopens the output before the next alert. */
  reopen(): Promise<void> {
    this.#pump.reopen()
    return this.#pump.running ?? Promise.resolve()
  }

  /**
   * Delivers what is queued, then closes the output. Remaining items stay in a queue on disk; otherwise they are discarded and counted.
   * That is the case when `deadline` milliseconds pass without progress, when `abort` fires, or, without a deadline, when the output keeps
   * failing for `stallTimeout`.
   */
  async close(deadline?: number, abort?: AbortSignal): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    this.#stages.close()
    this.#pump.wake()
    const forced = this.broken || !(await this.#ends(this.flush(), deadline, abort))
    if (forced && !this.broken) this.#giveUp()
    if (!this.broken) this.#pump.state = 'closed'
    this.#pump.wake()
    const closing = (force: boolean) =>
      this.#connection.close(force).catch(({ message }: Error) => this.#log('error', message))
    if (forced || !(await this.#ends(closing(false), deadline, abort))) await closing(true)
    await this.#queue.close()
  }

  #giveUp(): void {
    // It was only connecting.
    if (this.waiting === 0) return
    if (this.#queue.durable) {
      this.#log('notice', `${this.name}: ${this.waiting} alerts stay in the queue on disk`)
      return
    }
    if (this.#successor) {
      this.#passOn(this.#successor)
      return
    }
    this.#log('notice', `${this.name}: output still blocked, discarding all remaining notifications`)
    this.#pump.discard(this.#outage.failure?.cause ?? 'shutdown')
  }

  #passOn(successor: (alert: AlertData) => void): void {
    const pass = ({ alert }: Item) => {
      this.#counters.pushed--
      successor(alert)
    }
    for (const item of this.#pump.clear()) pass(item)
    for (const item of this.#queue.drain()) pass(item)
  }

  /** False: `work` made no progress within `deadline` milliseconds, `abort` fired, or the output has failed for too long. */
  #ends(work: Promise<void>, deadline?: number, abort?: AbortSignal): Promise<boolean> {
    return ends(work, {
      ms: deadline ?? this.#stallTimeout,
      progress: () => this.#pump.progress,
      hopeless: () => deadline !== undefined || this.#outage.lasts(this.#stallTimeout),
      abort,
    })
  }

  /** Counts losses; the first of each cause is logged. */
  #drop(cause: string, count: number, reason: string): void {
    if (count > 0 && !this.#counters.has(cause)) this.#log('error', `${this.name}: ${reason}`)
    this.#counters.drop(cause, count)
  }

  #dead(reason: string): void {
    if (this.#counters.dead++ === 0)
      this.#log('error', `${this.name}: ${reason}; what it refuses is kept as dead letters`)
  }

  #blocked(): void {
    this.#counters.timeouts++
    this.#log('critical', `"${this.name}" output timeout, the output channel is blocked`)
  }
}
