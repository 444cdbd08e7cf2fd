import { type AlertData, alerts, type Source } from '@falc/engine'
import type { OutputStats } from '@falc/outputs'
import type { ResponseCounts } from '@falc/response'
import { HOT_RESTART_FAILURE, type InternalAlert, internalAlert } from '../alerts/internal.ts'
import { type Config, changedForRestart } from '../config/config.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { hostname } from '../hostname.ts'
import type { Log } from '../log.ts'
import { type LoadedFile, type MeteredFeed, type MetricsSource, nowNs } from '../meter/metrics-source.ts'
import type { RunningRules } from '../rules/cached.ts'
import type { RuleNote } from '../rules/ruleset-cache.ts'
import { type Consumer, type Feed, type FieldStats, fieldStatsOf } from '../sources/feed.ts'
import { isOwnProcess } from './own-processes.ts'
import { capturesOf, type RuleCaptures } from './rule-captures.ts'
import { RunOutputs } from './run-outputs.ts'
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
  /** The rules that workers load. */
  readonly ruleset?: Uint8Array | undefined
  /** ns by name of the rules that ask for a capture; 0n = the default. */
  readonly captureDurations: ReadonlyMap<string, bigint>
}

/** One run: feeds → engine → outputs, until the feeds end or it is stopped. */
export class Session implements MetricsSource {
  readonly statistics = new Statistics()
  /** Alerts about processes that outputs have started. They are not sent, since each would cause the next one. */
  ownAlerts = 0
  #loaded: Loaded
  /** What the feeds were opened for. */
  readonly #first: Loaded
  readonly #outputs: RunOutputs
  readonly #log: Log
  readonly #sources: ReadonlyMap<string, Source>
  readonly #stopping = new AbortController()
  readonly #running: { readonly feed: Feed; events: number }[] = []
  #failure: string | undefined
  #urgent = false
  ruleCaptures: RuleCaptures | undefined
  failedReloads = 0
  /** The reason of the last failed reload; undefined after one that succeeded. */
  #lastFailure: string | undefined
  /** Called with each alert of a rule. It must neither wait nor throw. */
  onAlert: ((alert: AlertData) => void) | undefined
  /** Counts of playbooks. */
  response: () => ResponseCounts | undefined = () => undefined
  /** Called after a reload. */
  onReplaced: () => void = () => {}
  /** Called when the run is first asked to stop. */
  onStopping: () => void = () => {}
  /** Called when all events have been read: what it tells still reaches the outputs. */
  onRead: () => Promise<void> = async () => {}

  constructor(loaded: Loaded, sources: ReadonlyMap<string, Source>, log: Log) {
    this.#loaded = this.#first = loaded
    this.#sources = sources
    this.#log = log
    this.#outputs = new RunOutputs(log, () => alerts({ sources: [...sources.values()] }))
  }

  /** @throws {CliError} when an output cannot be opened */
  async open(): Promise<void> {
    await this.#outputs.replace(this.config)
  }

  /** Instead of `run`, when something else cannot be opened. */
  async close(): Promise<void> {
    this.#stopping.abort()
    await this.#outputs.close(this.config.output_timeout)
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

  /** A description of the run's state, for people. */
  get status(): string {
    return `Detecting with ${count(this.rules.filter(rule => rule.enabled).length, 'rule')}`
  }

  /** The run ends: nothing new is opened. */
  get stopping(): boolean {
    return this.#stopping.signal.aborted
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
      ...{ losses: feed.losses(), limits: feed.limits?.() ?? {}, repairs: feed.repairs?.() ?? {} },
      passedOver: feed.passedOver?.(),
      series: feed.series?.() ?? [],
    }))
  }

  /** Reads all feeds to their end, then delivers what is queued. @throws {CliError} when a feed or every output fails */
  async run(feeds: readonly Feed[]): Promise<void> {
    const running = feeds.map(feed => this.#runFeed(feed))
    try {
      await Promise.all(running)
    } finally {
      this.#stopping.abort()
      // One that fails stops the others, which may still have alerts.
      await Promise.allSettled(running)
      // After the end of the input, receivers have all the time they need.
      const close = () => this.#outputs.close(this.#urgent ? this.config.output_timeout : undefined)
      await this.onRead().finally(close)
    }
    if (this.#failure !== undefined) throw new CliError(this.#failure)
    if (this.#outputs.broken) throw new CliError('every output has failed: no alerts can be delivered')
  }

  /** Ends the run with an error, after the queues are delivered. */
  fail(reason: string): void {
    this.#failure ??= reason
    // A second stop would give up queued alerts.
    if (!this.stopping) this.stop()
  }

  /** Sends an alert about falc itself. */
  report(alert: InternalAlert): void {
    this.#outputs.push(internalAlert(alert, hostname(), nowNs()))
  }

  /** Sends an alert that no rule has raised. */
  tell(alert: AlertData): void {
    this.#outputs.push(alert)
  }

  /** Stops gracefully. Called again while the run ends, it gives up queued alerts. */
  stop(): void {
    if (this.#urgent) this.#outputs.giveUp()
    else this.onStopping()
    this.#urgent = true
    this.#stopping.abort()
    this.#outputs.hurry(this.config.output_timeout)
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
    await this.#outputs.replace(next.config)
    const waiting = changedForRestart(this.#loaded.config, next.config)
    if (waiting.length > 0) this.#log.warning(`Reload: changes of ${waiting.join(', ')} take effect after a restart`)
    this.#loaded = next
    this.#lastFailure = undefined
    this.ruleCaptures?.reload(next.captureDurations)
    for (const { feed } of this.#running) feed.want?.(next.engine, next)
    this.onReplaced()
  }

  /**
   * Logs and alerts that the previous configuration and rules stay in force. The same reason again, for instance for a
   * changed file and for a SIGHUP after it, raises no second alert.
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

  /** Since the rules were last loaded. */
  fieldStats(): FieldStats {
    return fieldStatsOf(this.#loaded.engine.stats(), this.#running)
  }

  /** Look-ups of containers, and evaluations that waited for them, by outcome: `look-ups found`. */
  metadata(): Record<string, number> {
    return Object.assign({}, ...this.#running.map(({ feed }) => feed.metadata?.()))
  }

  /** Alerts that were not delivered, by output and cause: `file: ENOSPC`. */
  losses(): ReadonlyMap<string, number> {
    return this.#outputs.losses()
  }

  outputs(): OutputStats[] {
    return this.#outputs.stats
  }

  async #runFeed(feed: Feed): Promise<void> {
    const source = this.#sources.get(feed.source)
    if (!source) throw new CliError(`unknown event source ${feed.source}`)
    const { config, captureDurations } = this.#loaded
    const report = (alert: InternalAlert) => this.report(alert)
    const captures = capturesOf(feed, captureDurations, { config: config.capture, report, log: this.#log })
    if (captures) this.ruleCaptures = captures
    const tally = { feed, events: 0 }
    this.#running.push(tally)
    // A reload while outputs were being opened.
    if (this.#loaded !== this.#first) feed.want?.(this.#loaded.engine, this.#loaded)
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

  #consumer(source: Source, captures: RuleCaptures | undefined, tally: { feed: Feed; events: number }): Consumer {
    const live = !tally.feed.finite
    const waits = !live || tally.feed.patient
    return {
      event: (event, deferral) => {
        const alerts = this.#loaded.engine.evaluate(source, event, deferral)
        if (alerts === undefined) return false
        tally.events++
        if (alerts.length === 0) return false
        if (live && !this.config.own_process_alerts && isOwnProcess(event)) {
          this.ownAlerts += alerts.length
          return false
        }
        if (captures !== undefined) captures.alerted(alerts, event)
        for (let i = 0; i < alerts.length; i++) this.#emit(alerts[i]!)
        return true
      },
      judge: (event, tell) => {
        const alerts = this.#loaded.engine.evaluate(source, event) ?? []
        tally.events++
        if (tell) for (const alert of alerts) this.#emit(alert)
        return alerts
      },
      evaluated: events => void (tally.events += events),
      alert: alert => this.#emit(alert),
      pause: () => {
        if (this.#outputs.broken) this.#stopping.abort()
        return this.#outputs.room(this.#stopping.signal, waits ? undefined : this.config.output_timeout)
      },
      durable: () => this.#outputs.durable,
      saved: () => this.#outputs.saved(),
      report: alert => this.report(alert),
    }
  }

  #emit(alert: AlertData): void {
    this.statistics.count(alert)
    this.#outputs.push(alert)
    this.onAlert?.(alert)
  }
}
