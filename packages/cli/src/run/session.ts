import type { Alert, Source } from '@falc/engine'
import type { Detector } from '@falc/engine/runtime'
import { Outputs } from '@falc/outputs'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import type { LoadedFile, MeteredFeed, Subject } from '../meter/subject.ts'
import type { Consumer, Feed } from '../sources/feed.ts'
import { alertLine } from './alert-line.ts'
import { hostname } from './hostname.ts'
import { HOT_RESTART_FAILURE, type InternalAlert, internalMessage } from './internal-alert.ts'
import { isOwnProcess } from './own-processes.ts'
import { RuleCaptures } from './rule-captures.ts'
import type { RuleNote } from './ruleset-cache.ts'
import { openOutputs } from './sinks.ts'
import { Statistics } from './statistics.ts'

/** Rules at work, compiled now or earlier. */
export type RunningRules = Pick<Detector, 'evaluate' | 'wantedTypes' | 'stats'>

/** What a (re)load gives: the part of a run that can be replaced while events flow. */
export interface Loaded {
  readonly config: Config
  readonly engine: RunningRules
  /** In the order of their definition. */
  readonly rules: readonly RuleNote[]
  readonly rulesFiles: readonly LoadedFile[]
  /** ns since 1970 */
  readonly loadedAt: bigint
  /** ns by name of the rules that ask for a capture around their alerts; 0n = the default. */
  readonly captureDurations: ReadonlyMap<string, bigint>
}

/** One run: feeds → engine → outputs, until the feeds end or somebody stops it. */
export class Session implements Subject {
  readonly statistics = new Statistics()
  /** Alerts about processes that outputs have started: they are not sent, since each would cause the next one. */
  ownAlerts = 0
  private loaded: Loaded
  private outputs: Outputs
  private readonly log: Log
  private readonly sources: ReadonlyMap<string, Source>
  private readonly stopping = new AbortController()
  /** Fires when what is still queued shall be given up. */
  private readonly giveUp = new AbortController()
  private readonly closing = new Set<Promise<void>>()
  /** Alerts that outputs of earlier configurations lost, by output and cause. */
  private readonly lost = new Map<string, number>()
  private readonly running: { readonly feed: Feed; events: number }[] = []
  private failure: string | undefined
  private urgent = false
  private captures: RuleCaptures | undefined
  /** Called after a reload. */
  onReplaced: () => void = () => {}

  constructor(loaded: Loaded, sources: ReadonlyMap<string, Source>, log: Log) {
    this.loaded = loaded
    this.outputs = new Outputs([])
    this.sources = sources
    this.log = log
  }

  /** @throws {CliError} when an output cannot be opened */
  async open(): Promise<void> {
    this.outputs = await openOutputs(this.config, this.log)
  }

  get config(): Config {
    return this.loaded.config
  }

  get metrics(): Config['metrics'] {
    return this.config.metrics
  }

  get rules(): readonly RuleNote[] {
    return this.loaded.rules
  }

  get ruleNames(): readonly string[] {
    return this.rules.map(rule => rule.name)
  }

  get rulesFiles(): readonly LoadedFile[] {
    return this.loaded.rulesFiles
  }

  get configFiles(): readonly LoadedFile[] {
    return this.config.files
  }

  get reloadedAt(): bigint {
    return this.loaded.loadedAt
  }

  get matches(): ReadonlyMap<string, number> {
    return this.statistics.rules
  }

  feeds(): MeteredFeed[] {
    return this.running.map(({ feed, events }) => ({
      source: feed.source,
      events,
      meter: feed.meter,
      losses: feed.losses(),
    }))
  }

  /** Reads all feeds to their end, then delivers what is queued. @throws {CliError} when a feed or every output fails */
  async run(feeds: readonly Feed[]): Promise<void> {
    try {
      await Promise.all(feeds.map(feed => this.runFeed(feed)))
    } finally {
      this.stopping.abort()
      await this.close(this.outputs)
      await Promise.all(this.closing)
    }
    if (this.failure !== undefined) throw new CliError(this.failure)
    if (this.outputs.broken) throw new CliError('every output has failed: nobody receives alerts')
  }

  /** Ends the run with an error; what is queued goes out first. */
  fail(reason: string): void {
    this.failure ??= reason
    this.stop()
  }

  /** Sends an alert about falc itself. */
  tell(alert: InternalAlert): void {
    this.outputs.push(internalMessage(alert, this.config.json.enabled, hostname()))
  }

  /** Stops gracefully; a run that is ending already gives up alerts that are still queued. */
  stop(): void {
    if (this.stopping.signal.aborted) this.giveUp.abort()
    this.urgent = true
    this.stopping.abort()
  }

  /** SIGUSR1. */
  async reopen(): Promise<void> {
    await this.outputs.reopen()
  }

  /** Replaces configuration and rules between two events. @throws {CliError} when a new output cannot be opened; nothing has changed then */
  async replace(next: Loaded): Promise<void> {
    if (!sameOutputs(this.loaded.config, next.config)) {
      const opened = await openOutputs(next.config, this.log)
      const closed = this.close(this.outputs, true).finally(() => this.closing.delete(closed))
      this.closing.add(closed)
      this.outputs = opened
    }
    for (const name of changedForRestart(this.loaded.config, next.config))
      this.log.warning(`Reload: what has changed in ${name} has no effect before a restart`)
    this.loaded = next
    this.captures?.reload(next.captureDurations)
    for (const { feed } of this.running) feed.want?.(next.engine.wantedTypes(feed.source))
    this.onReplaced()
  }

  /** The old rules stay: says so in the log and as an alert. */
  reloadFailed(reason: string): void {
    this.log.error(`Reload failed, the previous configuration and rules stay in force: ${reason}`)
    const output = `${HOT_RESTART_FAILURE}: ${reason}`
    this.tell({ rule: HOT_RESTART_FAILURE, priority: 'Critical', output })
  }

  /** Failed extractions since the rules were last loaded, by field; such fields are absent. */
  evaluationErrors(): Readonly<Record<string, number>> {
    return this.loaded.engine.stats().extractErrors
  }

  /** What became of look-ups of containers and of evaluations that waited for them: `look-ups found`. */
  metadata(): Record<string, number> {
    return Object.assign({}, ...this.running.map(({ feed }) => feed.metadata?.()))
  }

  /** Alerts that did not go out, by output and cause: `file: ENOSPC`. */
  losses(): ReadonlyMap<string, number> {
    const all = new Map(this.lost)
    addLosses(all, this.outputs)
    return all
  }

  private async runFeed(feed: Feed): Promise<void> {
    const source = this.sources.get(feed.source)
    if (!source) throw new CliError(`unknown event source ${feed.source}`)
    const captures = this.capturesOf(feed)
    const tally = { feed, events: 0 }
    this.running.push(tally)
    try {
      await feed.run(this.consumer(source, captures, tally), this.stopping.signal)
    } catch (error) {
      this.stopping.abort()
      if (error instanceof CliError) throw error
      if (!(error as NodeJS.ErrnoException).code && (error as Error).name !== 'CaptureError') throw error
      throw new CliError(`${feed.title}: ${(error as Error).message}`)
    } finally {
      captures?.close()
    }
  }

  private capturesOf(feed: Feed): RuleCaptures | undefined {
    const { config, captureDurations } = this.loaded
    const { stream } = feed
    if (!config.capture.enabled) return undefined
    if (stream === undefined) {
      this.log.warning(`capture.enabled has no effect on ${feed.source}: only system calls can be captured`)
      return undefined
    }
    this.captures = new RuleCaptures(captureDurations, {
      config: config.capture,
      stream,
      tell: alert => this.tell(alert),
      problem: text => this.log.error(text),
    })
    return this.captures
  }

  private consumer(
    source: Source,
    captures: RuleCaptures | undefined,
    tally: { feed: Feed; events: number },
  ): Consumer {
    const live = !tally.feed.finite
    return {
      event: (event, deferral) => {
        const alerts = this.loaded.engine.evaluate(source, event, deferral)
        if (alerts === undefined) return
        tally.events++
        if (alerts.length > 0 && live && isOwnProcess(event)) {
          this.ownAlerts += alerts.length
          return
        }
        if (captures !== undefined && alerts.length > 0) captures.alerted(alerts, event)
        for (let i = 0; i < alerts.length; i++) this.emit(alerts[i]!)
      },
      pause: () => {
        if (this.outputs.broken) this.stopping.abort()
        return this.outputs.full ? this.room() : undefined
      },
    }
  }

  private emit(alert: Alert): void {
    this.statistics.count(alert)
    this.outputs.push({ line: alertLine(alert, this.loaded.config), priority: alert.priority, alert })
  }

  /** Resolves when the outputs have caught up, or the run is to stop. */
  private room(): Promise<void> {
    const { signal } = this.stopping
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const done = () => {
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done)
      this.outputs.room().then(done, reject)
    })
  }

  /** A stop from outside sets a deadline, so does a reload; after an input that has ended there is all the time that the readers take. */
  private async close(outputs: Outputs, soon = this.urgent): Promise<void> {
    await outputs.close(soon ? this.config.outputs.timeout : undefined, this.giveUp.signal)
    if (outputs !== this.outputs) addLosses(this.lost, outputs)
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

function sameOutputs(a: Config, b: Config): boolean {
  return JSON.stringify([a.outputs, a.json.enabled]) === JSON.stringify([b.outputs, b.json.enabled])
}

/** What is read once, at the start: parts of the configuration, by the keys of falco.yaml. */
const AT_START = {
  engine: 'engine',
  live: 'engine, base_syscalls or falco_libs',
  plugins: 'plugins',
  webserver: 'webserver',
  log: 'log_stderr, log_syslog, log_level or libs_logger',
  capture: 'capture',
} as const satisfies Partial<Record<keyof Config, string>>

function changedForRestart(before: Config, after: Config): string[] {
  const text = (part: unknown) =>
    JSON.stringify(part, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  const keys = Object.keys(AT_START) as (keyof typeof AT_START)[]
  return keys.filter(key => text(before[key]) !== text(after[key])).map(key => AT_START[key])
}
