import {
  type AuditEvent,
  type AuditInput,
  type AuditProblem,
  type AuditWebhook,
  type NatsParams,
  NEEDS_CLUSTER,
  type OpenParams,
  openAuditLog,
  openAuditWebhook,
  readAuditStream,
} from '@falc/sources-k8saudit'
import type { AuditPublisher, AuditStreamCounts } from '@falc/sources-k8saudit/nats'
import type { Evaluated } from '@falc/sources-k8saudit/workers'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import type { Series } from '../meter/counts.ts'
import { streamSeries } from '../meter/nats.ts'
import { webhookSeries } from '../meter/webhook.ts'
import { printable } from '../printable.ts'
import type { RunningRules } from '../rules/cached.ts'
import { ServerFiles } from '../server-files.ts'
import { AuditDrops } from './audit-drops.ts'
import type { auditPublisher } from './audit-nats.ts'
import { endsByItself, following, openParams, publishParams } from './audit-place.ts'
import type { AuditWorkers, AuditWorkersOptions } from './audit-workers.ts'
import type { Consumer, Feed, FieldStats } from './feed.ts'
import type { ClusterPods } from './kubernetes.ts'

export interface K8sAuditOptions {
  /** As the plugin's open_params: a file, a folder, `-`, `http(s)://host:port/path`, `nats://host:port/STREAM`. */
  readonly from: string
  readonly follow?: boolean
  /** With `follow`: where to begin, regardless of earlier runs. */
  readonly begin?: 'start' | 'end'
  /** Settings of the plugin k8saudit. */
  readonly settings?: Config['plugins']['settings']['k8saudit']
  /** Events that they cannot match are passed over. Default: none is. */
  readonly rules?: RunningRules
  /** Threads that evaluate events. Default: none. */
  readonly workers?: AuditWorkersOptions
  /** The directory of the pods that events name, used if rules read their metadata. */
  readonly pods?: (signal: AbortSignal) => Promise<ClusterPods | undefined>
  /** Fields that rules read at present. */
  readonly fieldsRead?: () => Iterable<{ readonly name: string }>
  /** Called with the first problem of each cause. */
  readonly warn: (text: string) => void
  /** Called when a webhook's certificate or tokens are renewed. Default: only warnings, through `warn`. */
  readonly log?: Pick<Log, 'info' | 'warning' | 'error'>
}

/**
 * Kubernetes audit events from a log, a webhook or a stream.
 * @throws {CliError} when the options are invalid
 */
export function k8sAuditFeed(options: K8sAuditOptions): Feed {
  return new K8sAuditFeed(options)
}

const TITLES = { file: 'audit log', stdin: 'audit log', webhook: 'webhook', nats: 'audit events of' } as const

const DEFAULT_CERTIFICATE = '/etc/falco/falco.pem'

class K8sAuditFeed implements Feed {
  readonly source = 'k8s_audit'
  readonly meter = { engine: 'source_plugin' } as const
  readonly title: string
  readonly finite: boolean
  readonly patient: boolean
  readonly #params: OpenParams
  /** The stream to which the webhook's bodies go instead. */
  readonly #publish: NatsParams | undefined
  readonly #options: K8sAuditOptions
  readonly #warned = new Set<string>()
  readonly #drops = new AuditDrops()
  #input: AuditInput | null = null
  #stream: { readonly counts: AuditStreamCounts } | undefined
  #leave: (() => Promise<void>) | undefined
  #webhook: AuditWebhook | undefined
  #files: ServerFiles | undefined
  #unwatch: (() => void) | undefined
  #rules: RunningRules | undefined
  #pods: ClusterPods | undefined
  #workers: AuditWorkers | undefined
  /** Rules that were reloaded before there were workers. */
  #late: Parameters<AuditWorkers['load']> | undefined

  constructor(options: K8sAuditOptions) {
    this.#options = options
    this.#rules = options.rules
    this.#params = openParams(options.from)
    this.finite = endsByItself(this.#params) && !options.follow
    this.patient = this.#params.kind === 'nats'
    this.title = `${TITLES[this.#params.kind]} ${options.from}`
    this.#publish = publishParams(options.settings?.publish, this.#params)
    if (options.follow && this.#params.kind !== 'file') throw new CliError('--follow needs a file of audit events')
  }

  async run(consumer: Consumer, signal: AbortSignal): Promise<void> {
    const ending = new AbortController()
    // For a finite file, the final report has the losses. A timer raises the alerts, since after a bad request
    // there may be no batch for long.
    const report = (last: boolean) => {
      if (!this.finite) this.#drops.report(consumer, last)
    }
    const timer = setInterval(() => report(false), 1000)
    const waits = this.finite || this.patient
    try {
      await this.#askForPods(signal)
      this.#workers = await this.#openWorkers()
      if (this.#late) this.#workers?.load(...this.#late)
      this.#input = await this.#open(AbortSignal.any([signal, ending.signal]), consumer)
      const results = this.#workers?.results(this.#input, () => ending.abort()) ?? this.#input.batches()
      for await (const result of results) {
        const { length, take } = this.#steps(result, consumer)
        for (let i = 0; i <= length; i++) {
          const wait = i === length || (take(i) === true && waits) ? consumer.pause() : undefined
          if (!wait) continue
          await wait
          // There was no room until the end: unacknowledged events go to another worker, and no alert is dropped for them.
          if (this.patient && signal.aborted) return
        }
      }
    } finally {
      clearInterval(timer)
      if (this.#workers && this.#input) this.#options.log?.info(this.#workers.summary)
      await this.#workers?.close()
      // A read that is pending would keep the process until the next byte comes.
      if (this.#params.kind === 'stdin') process.stdin.destroy()
      this.#unwatch?.()
      await this.#leave?.()
      this.#pods?.close()
      report(true)
    }
  }

  /** Events one by one, or the alerts of those that workers have evaluated. */
  #steps(result: AuditEvent[] | Evaluated, consumer: Consumer): { length: number; take(i: number): unknown } {
    if (Array.isArray(result)) {
      const take = (i: number) => {
        result[i]!.pods = this.#pods
        return consumer.event(result[i])
      }
      return { length: result.length, take }
    }
    const { events, alerts } = result
    consumer.evaluated?.(events)
    const take = (i: number) => {
      consumer.alert?.(alerts[i]!)
      return true
    }
    return { length: alerts.length, take }
  }

  /** Workers need no pods: they cannot ask for them. */
  async #openWorkers(): Promise<AuditWorkers | undefined> {
    const { workers, settings, fieldsRead, warn } = this.#options
    if (!workers || this.#publish) return undefined
    if (this.#pods) {
      warn(`${this.source}: one thread evaluates all events: workers know no pods, which rules read`)
      return undefined
    }
    const { AuditWorkers } = await import('./audit-workers.ts')
    const options = { ...workers, sieved: this.#rules !== undefined, maxEventSize: settings?.maxEventSize }
    return AuditWorkers.open(this.source, options, fieldsRead?.() ?? [], warn)
  }

  want(rules: RunningRules, { ruleset }: { readonly ruleset?: Uint8Array | undefined }): void {
    if (this.#rules) this.#rules = rules
    if (ruleset && this.#workers) this.#workers.load(ruleset, rules.fieldsRead(this.source))
    else if (ruleset) this.#late = [ruleset, rules.fieldsRead(this.source)]
  }

  fieldStats(): FieldStats | undefined {
    return this.#workers?.stats
  }

  metadata(): Record<string, number> {
    const counts = Object.entries(this.#pods?.events ?? {}).filter(([, count]) => count > 0)
    return Object.fromEntries(counts.map(([what, count]) => [`cluster ${what}`, count]))
  }

  async #askForPods(signal: AbortSignal): Promise<void> {
    const { pods, fieldsRead } = this.#options
    if (!pods || ![...(fieldsRead?.() ?? [])].some(({ name }) => NEEDS_CLUSTER.has(name))) return
    this.#pods = await pods(signal)
  }

  passedOver(): number {
    return this.#input?.stats.passedOver ?? 0
  }

  series(): readonly Series[] {
    return [
      ...(this.#stream ? streamSeries(this.source, this.#stream.counts) : []),
      ...(this.#workers?.series() ?? []),
      ...(this.#webhook ? webhookSeries(this.source, this.#webhook) : []),
      ...(this.#files?.series() ?? []),
    ]
  }

  losses(): Record<string, number> {
    const { rejected = {} } = this.#input?.stats ?? {}
    return { ...rejected, ...this.#input?.losses() }
  }

  async #open(signal: AbortSignal, consumer: Consumer): Promise<AuditInput> {
    const { settings, warn } = this.#options
    const { maxEventSize, webhookMaxBatchSize } = settings ?? {}
    const { answer = () => (consumer.durable?.() ? 'evaluated' : 'queued') } = settings ?? {}
    const common = {
      signal,
      sieve: () => this.#rules?.sieve<AuditEvent>(this.source),
      onProblem: (problem: AuditProblem) => {
        this.#warnOnce(problem)
        this.#drops.add(problem)
      },
      ...(maxEventSize !== undefined && { maxEventSize }),
      divided: this.#workers !== undefined,
    }
    const params = this.#params
    try {
      if (params.kind === 'stdin') return readAuditStream(process.stdin, common)
      if (params.kind === 'file')
        return openAuditLog(params.path, { ...common, ...following(params.path, this.title, this.#options) })
      const saved = () => consumer.saved?.() ?? Promise.resolve(true)
      if (params.kind === 'nats') {
        const { auditConsumer } = await import('./audit-nats.ts')
        const onTrouble = (reason: string) => warn(`${this.title}: no batches, falc keeps trying: ${printable(reason)}`)
        return await this.#at(
          auditConsumer(params, settings?.nats, {
            ...{ ...common, saved, onTrouble, maxBodyBytes: webhookMaxBatchSize },
            window: this.#options.workers && Math.max(4, 2 * this.#options.workers.workers + 2),
          }),
        )
      }
      const publisher = this.#publish && (await this.#publisher(this.#publish, common))
      const { host, port, path } = params
      const files = this.#serverFiles(params)
      const webhook = await openAuditWebhook({
        ...common,
        port,
        path,
        ...(host && { host }),
        ...files.read(),
        onFault: text => warn(`${this.title}: ${text}`),
        answer,
        saved,
        ...(publisher && { forward: publisher.forward }),
        ...(webhookMaxBatchSize !== undefined && { maxBodyBytes: webhookMaxBatchSize }),
      })
      if (webhook.exposed) warn(`${this.title}: ${webhook.exposed}. Set init_config.tokenFile, or clientCA with https`)
      this.#webhook = webhook
      this.#files = files
      this.#unwatch = files.keep(webhook)
      return webhook
    } catch (error) {
      throw new CliError(`${this.title}: ${(error as Error).message}`)
    }
  }

  #serverFiles({ tls }: OpenParams & { kind: 'webhook' }): ServerFiles {
    const { settings, warn, log = { info: () => {}, warning: warn, error: warn } } = this.#options
    const { sslCertificate = DEFAULT_CERTIFICATE, clientCA: clientCa, tokenFile: tokens } = settings ?? {}
    return new ServerFiles('k8s_audit', { ...(tls && { certificate: sslCertificate, clientCa }), tokens }, log)
  }

  async #publisher(params: NatsParams, options: Parameters<typeof auditPublisher>[2]): Promise<AuditPublisher> {
    const { auditPublisher } = await import('./audit-nats.ts')
    return this.#at(auditPublisher(params, this.#options.settings?.nats, options))
  }

  /** Keeps what is at a stream for its counts. */
  async #at<T extends { readonly counts: AuditStreamCounts }>(
    opening: Promise<{ readonly at: T; readonly leave: () => Promise<void> }>,
  ): Promise<T> {
    const { at, leave } = await opening
    this.#stream = at
    this.#leave = leave
    return at
  }

  #warnOnce({ cause, message, line }: AuditProblem): void {
    if (this.#warned.has(cause)) return
    this.#warned.add(cause)
    const at = line === undefined ? '' : ` at line ${line}`
    // Part of the text that was refused is in the message: it must not begin a line of the log.
    this.#options.warn(`${this.title}: ${cause}${at}: ${printable(message)} (further ones are only counted)`)
  }
}
