import type { AlertData, Source } from '@falc/engine'
import { OutputError, type OutputStats, Outputs, useHttpThread } from '@falc/outputs'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import { wantedOutputs } from './open-outputs.ts'

/** The outputs of a run. A reload replaces them, full ones delay the feeds, and the end of the run closes them. */
export class RunOutputs {
  readonly #outputs = new Outputs()
  readonly #log: Log
  /** The fields that conditions and templates of outputs may name. */
  readonly #source: () => Source<AlertData>
  /** Fires when queued alerts are given up. */
  readonly #giveUp = new AbortController()
  /** Outputs of earlier configurations that still deliver what they have queued, by when they have. */
  readonly #closing = new Map<Promise<void>, Outputs>()
  /** Alerts lost by outputs of earlier configurations, by output and cause. */
  readonly #lost = new Map<string, number>()
  /** Awaited by all feeds while the outputs are full. */
  #waiting: Promise<void> | undefined
  /** The outputs have been full for longer than live events wait. */
  #blocked = false
  /** The outputs are closing without a deadline. */
  #patient = false
  #hurrying: NodeJS.Timeout | undefined
  /** The last exchange of outputs. */
  #exchanging: Promise<unknown> = Promise.resolve()

  constructor(log: Log, source: () => Source<AlertData>) {
    this.#log = log
    this.#source = source
    // Events do not wait for requests, nor for the handshakes before them.
    useHttpThread()
  }

  /**
   * Opens the outputs of a configuration. Removed outputs deliver their queues and are closed.
   * @throws {CliError} when one cannot be opened; nothing is changed then
   */
  async replace(config: Config): Promise<void> {
    // One after the other: outputs that another call is about to open would be opened twice.
    const exchange = this.#exchanging.then(() => this.#exchange(config))
    this.#exchanging = exchange.catch(() => {})
    const gone = await exchange
    const closed = gone.close(config.output_timeout, this.#giveUp.signal).finally(() => {
      addLosses(this.#lost, gone)
      this.#closing.delete(closed)
    })
    this.#closing.set(closed, gone)
  }

  async #exchange(config: Config): Promise<Outputs> {
    const wanted = wantedOutputs(config, this.#log, this.#source)
    try {
      return await this.#outputs.replace(wanted)
    } catch (error) {
      if (error instanceof OutputError) throw new CliError(error.message)
      throw error
    }
  }

  /** Never waits and never throws. */
  push(alert: AlertData): void {
    this.#outputs.push(alert)
  }

  /** Whether a queue is on disk. */
  get durable(): boolean {
    return this.#outputs.durable
  }

  /** Resolves when everything pushed so far would survive the process, as far as queues can do that. @returns false: not for seconds */
  saved(): Promise<boolean> {
    return this.#outputs.saved()
  }

  /** No output can ever deliver again. */
  get broken(): boolean {
    return this.#outputs.broken
  }

  get stats(): OutputStats[] {
    return this.#outputs.stats
  }

  async reopen(): Promise<void> {
    await this.#outputs.reopen()
  }

  /**
   * Resolves when the outputs have caught up, or the run is to stop; undefined: there is nothing to wait for.
   * @param stop the run is to stop
   * @param timeout milliseconds; set for live events, which do not wait: a blocked output delays them once and then loses alerts
   */
  room(stop: AbortSignal, timeout: number | undefined): Promise<void> | undefined {
    if (!this.#outputs.full(timeout !== undefined)) this.#blocked = false
    else if (timeout === undefined || !this.#blocked) return (this.#waiting ??= this.#untilRoom(stop, timeout))
    return undefined
  }

  async #untilRoom(stop: AbortSignal, timeout: number | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stopped = () => resolve()
    const late = () => {
      this.#blocked = true
      resolve()
    }
    const timer = timeout === undefined ? undefined : setTimeout(late, timeout)
    if (stop.aborted) resolve()
    stop.addEventListener('abort', stopped)
    this.#outputs.room(timeout !== undefined).then(resolve, reject)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      stop.removeEventListener('abort', stopped)
      this.#waiting = undefined
    }
  }

  /** Alerts that were not delivered, by output and cause: `file: ENOSPC`. */
  losses(): ReadonlyMap<string, number> {
    const all = new Map(this.#lost)
    for (const outputs of [...this.#closing.values(), this.#outputs]) addLosses(all, outputs)
    return all
  }

  /** Queued alerts are dropped, and counted. */
  giveUp(): void {
    this.#giveUp.abort()
  }

  /**
   * Sets a deadline for a close that has begun without one.
   * @param timeout milliseconds without progress after which queued alerts are given up
   */
  hurry(timeout: number): void {
    if (!this.#patient || this.#hurrying) return
    const all = () => [...this.#closing.values(), this.#outputs].flatMap(({ stats }) => stats)
    const waiting = () => all().reduce((sum, { queued }) => sum + queued, 0)
    let seen = waiting()
    this.#hurrying = setInterval(() => {
      if (waiting() === seen) this.giveUp()
      seen = waiting()
    }, timeout).unref()
  }

  /** Delivers what is queued. @param deadline milliseconds; undefined: receivers have all the time they need */
  async close(deadline: number | undefined): Promise<void> {
    this.#patient = deadline === undefined
    // What a reload is opening has to be closed, too.
    await this.#exchanging
    await this.#outputs.close(deadline, this.#giveUp.signal)
    await Promise.all(this.#closing.keys())
    clearInterval(this.#hurrying)
  }
}

function addLosses(all: Map<string, number>, outputs: Outputs): void {
  for (const { name, dropped } of outputs.stats) {
    for (const [cause, count] of Object.entries(dropped)) {
      const key = `${name}: ${cause}`
      all.set(key, (all.get(key) ?? 0) + count)
    }
  }
}
