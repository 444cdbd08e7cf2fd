import { type Alert, alerts, type Source } from '@falc/engine'
import { type OutputStats, Outputs } from '@falc/outputs'
import { HOT_RESTART_FAILURE, type InternalAlert, internalAlert } from '../alerts/internal.ts'
import { type Config, changedForRestart } from '../config/config.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { hostname } from '../hostname.ts'
import type { Log } from '../log.ts'
import { type LoadedFile, type MeteredFeed, type MetricsSource, nowNs } from '../meter/metrics-source.ts'
import type { RunningRules } from '../rules/cached.ts'
import type { RuleNote } from '../rules/ruleset-cache.ts'
import type { Consumer, Feed } from '../sources/feed.ts'
import { replaceOutputs, wantedOutputs } from './open-outputs.ts'
import { isOwnProcess } from './own-processes.ts'
import { RuleCaptures } from './rule-captures.ts'
import { Statistics } from './statistics.ts'

/** The part of a run that a reload replaces while events flow. */
export interface Loaded {
  readonly config: Config
  readonly engine: RunningRules
  /** In the order of their definition. */
  readonly rules: readonly RuleNote[]
  readonly rulesFiles: readonly LoadedFile[]
  /** ns since 1970 */
  readonly loadedAt: bigint
  /** ns by name of the rules that ask for a capture; 0n = the default. */
  readonly captureDurations: ReadonlyMap<string, bigint>
}

/** One run: feeds → engine → outputs, until the feeds end or it is stopped. */
export class Session implements MetricsSource {
  readonly statistics = new Statistics()
  /** Alerts about processes that outputs have started. They are not sent, since each would cause the next one. */
  ownAlerts = 0
  #loaded: Loaded
  readonly #outputs = new Outputs()
  readonly #log: Log
  readonly #sources: ReadonlyMap<string, Source>
  readonly #stopping = new AbortController()
  /** Fires when queued alerts are given up. */
  readonly #giveUp = new AbortController()
  readonly #closing = new Set<Promise<void>>()
  /** Alerts lost by outputs of earlier configurations, by output and cause. */
  readonly #lost = new Map<string, number>()
  readonly #running: { readonly feed: Feed; events: number }[] = []
  #failure: string | undefined
  #urgent = false
  /** What all feeds wait for while the outputs are full. */
  #waiting: Promise<void> | undefined
  /** The outputs have been full for longer than live events wait. */
  #blocked = false
  #captures: RuleCaptures | undefined
  failedReloads = 0
  /** The reason of the last failed reload; undefined after one that succeeded. */
  #lastFailure: string | undefined
  /** Called after a reload. */
  onReplaced: () => void = () => {}
  /** Called when the run begins to stop. */
  onStopping: () => void = () => {}

  constructor(loaded: Loaded, sources: ReadonlyMap<string, Source>, log: Log) {
    this.#loaded = loaded
    this.#sources = sources
    this.#log = log
  }

  /** @throws {CliError} when an output cannot be opened */
  async open(): Promise<void> {
    await this.#replaceOutputs(this.config)
  }

  get config(): Config {
    return this.#loaded.config
  }

  get metrics(): Config['metrics'] {
    return this.config.metrics
  }

  get rules(): readonly RuleNote[] {
    return this.#loaded.rules
  }

  /** For people: what the run is doing. */
  get status(): string {
    return `Detecting with ${count(this.rules.filter(rule => rule.enabled).length, 'rule')}`
  }

  /** The run ends: nothing new is opened. */
  get stopping(): boolean {
    return this.#stopping.signal.aborted
  }

  get ruleNames(): readonly string[] {
    return this.rules.map(rule => rule.name)
  }

  get rulesFiles(): readonly LoadedFile[] {
    return this.#loaded.rulesFiles
  }

  get configFiles(): readonly LoadedFile[] {
    return this.config.files
  }

  get reloadedAt(): bigint {
    return this.#loaded.loadedAt
  }

  get matches(): ReadonlyMap<string, number> {
    return this.statistics.rules
  }

  feeds(): MeteredFeed[] {
    return this.#running.map(({ feed, events }) => ({
      source: feed.source,
      events,
      meter: feed.meter,
      losses: feed.losses(),
      limits: feed.limits?.() ?? {},
    }))
  }

  /** @returns the outputs that are no longer wanted @throws {CliError} when a new one cannot be opened */
  #replaceOutputs(config: Config): Promise<Outputs> {
    const source = () => alerts({ sources: [...this.#sources.values()] })
    return replaceOutputs(this.#outputs, wantedOutputs(config, this.#log, source))
  }

  /** Reads all feeds to their end, then delivers what is queued. @throws {CliError} when a feed or every output fails */
  async run(feeds: readonly Feed[]): Promise<void> {
    try {
      await Promise.all(feeds.map(feed => this.#runFeed(feed)))
    } finally {
      this.#stopping.abort()
      await this.#close(this.#outputs)
      await Promise.all(this.#closing)
    }
    if (this.#failure !== undefined) throw new CliError(this.#failure)
    if (this.#outputs.broken) throw new CliError('every output has failed: no alerts can be delivered')
  }

  /** Ends the run with an error; what is queued goes out first. */
  fail(reason: string): void {
    this.#failure ??= reason
    this.stop()
  }

  /** Sends an alert about falc itself. */
  report(alert: InternalAlert): void {
    this.#outputs.push(internalAlert(alert, hostname(), nowNs()))
  }

  /** Stops gracefully. Called again while the run ends, it gives up queued alerts. */
  stop(): void {
    if (this.#stopping.signal.aborted) this.#giveUp.abort()
    else this.onStopping()
    this.#urgent = true
    this.#stopping.abort()
  }

  /** SIGUSR1. */
  async reopen(): Promise<void> {
    await this.#outputs.reopen()
  }

  /**
   * Replaces configuration and rules between two events.
   * @throws {CliError} when a new output cannot be opened; nothing is changed then
   */
  async replace(next: Loaded): Promise<void> {
    const gone = await this.#replaceOutputs(next.config)
    const closed = this.#close(gone, true).finally(() => this.#closing.delete(closed))
    this.#closing.add(closed)
    const waiting = changedForRestart(this.#loaded.config, next.config)
    if (waiting.length > 0) this.#log.warning(`Reload: changes of ${waiting.join(', ')} take effect after a restart`)
    this.#loaded = next
    this.#lastFailure = undefined
    this.#captures?.reload(next.captureDurations)
    for (const { feed } of this.#running) feed.want?.(next.engine.wantedTypes(feed.source))
    this.onReplaced()
  }

  /**
   * Logs and alerts that the previous configuration and rules stay in force. The same reason again, for instance for a
   * changed file and for a SIGHUP after it, is no second alert.
   * @param requested by a signal: it is logged in any case
   */
  reloadFailed(reason: string, requested: boolean): void {
    this.failedReloads++
    const again = reason === this.#lastFailure
    this.#lastFailure = reason
    if (!again || requested)
      this.#log.error(`Reload failed, the previous configuration and rules stay in force: ${reason}`)
    if (again) return
    const output = `${HOT_RESTART_FAILURE}: ${reason}`
    this.report({ rule: HOT_RESTART_FAILURE, priority: 'Critical', output })
  }

  /** The files are those in force. @returns whether the last reload had failed */
  reloadUnneeded(): boolean {
    const failed = this.#lastFailure !== undefined
    this.#lastFailure = undefined
    return failed
  }

  /** Failed extractions since the rules were last loaded, by field; such fields are absent. */
  evaluationErrors(): Readonly<Record<string, number>> {
    return this.#loaded.engine.stats().extractErrors
  }

  /** Look-ups of containers, and evaluations that waited for them, by outcome: `look-ups found`. */
  metadata(): Record<string, number> {
    return Object.assign({}, ...this.#running.map(({ feed }) => feed.metadata?.()))
  }

  /** Alerts that were not delivered, by output and cause: `file: ENOSPC`. */
  losses(): ReadonlyMap<string, number> {
    const all = new Map(this.#lost)
    addLosses(all, this.#outputs)
    return all
  }

  outputs(): OutputStats[] {
    return this.#outputs.stats
  }

  async #runFeed(feed: Feed): Promise<void> {
    const source = this.#sources.get(feed.source)
    if (!source) throw new CliError(`unknown event source ${feed.source}`)
    const captures = this.#capturesOf(feed)
    const tally = { feed, events: 0 }
    this.#running.push(tally)
    try {
      await feed.run(this.#consumer(source, captures, tally), this.#stopping.signal)
    } catch (error) {
      this.#stopping.abort()
      if (error instanceof CliError) throw error
      if (!(error as NodeJS.ErrnoException).code && (error as Error).name !== 'CaptureError') throw error
      throw new CliError(`${feed.title}: ${(error as Error).message}`)
    } finally {
      captures?.close()
    }
  }

  #capturesOf(feed: Feed): RuleCaptures | undefined {
    const { config, captureDurations } = this.#loaded
    const { stream } = feed
    if (!config.capture.enabled) return undefined
    if (stream === undefined) {
      this.#log.warning(`capture.enabled has no effect on ${feed.source}: only system calls can be captured`)
      return undefined
    }
    this.#captures = new RuleCaptures(captureDurations, {
      config: config.capture,
      stream,
      report: alert => this.report(alert),
      problem: text => this.#log.error(text),
    })
    return this.#captures
  }

  #consumer(source: Source, captures: RuleCaptures | undefined, tally: { feed: Feed; events: number }): Consumer {
    const live = !tally.feed.finite
    return {
      event: (event, deferral) => {
        const alerts = this.#loaded.engine.evaluate(source, event, deferral)
        if (alerts === undefined) return
        tally.events++
        if (alerts.length > 0 && live && isOwnProcess(event)) {
          this.ownAlerts += alerts.length
          return
        }
        if (captures !== undefined && alerts.length > 0) captures.alerted(alerts, event)
        for (let i = 0; i < alerts.length; i++) this.#emit(alerts[i]!)
      },
      pause: () => {
        if (this.#outputs.broken) this.#stopping.abort()
        return this.#room(live)
      },
      report: alert => this.report(alert),
    }
  }

  #emit(alert: Alert): void {
    this.statistics.count(alert)
    this.#outputs.push(alert)
  }

  /**
   * Resolves when the outputs have caught up, or the run is to stop; undefined: there is nothing to wait for.
   * @param live the events do not wait: a blocked output delays them once, by output_timeout, and then loses alerts
   */
  #room(live: boolean): Promise<void> | undefined {
    if (!this.#outputs.full) this.#blocked = false
    else if (!live || !this.#blocked) return (this.#waiting ??= this.#untilRoom(live))
    return undefined
  }

  async #untilRoom(live: boolean): Promise<void> {
    const { signal } = this.#stopping
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stopped = () => resolve()
    const late = () => {
      this.#blocked = true
      resolve()
    }
    const timer = live ? setTimeout(late, this.config.output_timeout) : undefined
    if (signal.aborted) resolve()
    signal.addEventListener('abort', stopped)
    this.#outputs.room().then(resolve, reject)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stopped)
      this.#waiting = undefined
    }
  }

  /** @param soon a stop or a reload sets a deadline; after the end of the input, readers have all the time they need */
  async #close(outputs: Outputs, soon = this.#urgent): Promise<void> {
    await outputs.close(soon ? this.config.output_timeout : undefined, this.#giveUp.signal)
    if (outputs !== this.#outputs) addLosses(this.#lost, outputs)
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
