import {
  ADMITTED,
  type AdmissionAnswer,
  type AdmissionRequest,
  Faults,
  HttpReceiver,
  parseReview,
  printAnswer,
  type Refusal,
  type Reply,
  ReviewError,
  type Service,
} from '@falc/sources-k8saudit'
import { addressOf } from '../address.ts'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import type { Series } from '../meter/counts.ts'
import type { RunningRules } from '../rules/cached.ts'
import type { Loaded } from '../run/session.ts'
import { ServerFiles } from '../server-files.ts'
import type { Consumer, Feed } from '../sources/feed.ts'
import { Policy, unjudged } from './policy.ts'

/** The path to which reviews are posted. */
export const PATH = '/admission'

/** A review holds two objects, of which etcd keeps at most 1.5 MiB each, as JSON. */
const MAX_BODY = 12 * 1024 * 1024

/**
 * An API server keeps an idle connection for 90 s. Were it closed here first, a review that is sent at that moment would be lost, and the
 * request that it is about be admitted or denied unjudged.
 */
const KEEP_MS = 100_000

const NOT_FOUND: Refusal = { status: 404, cause: 'route', reason: `reviews are posted to ${PATH}` }

/** The webhook: requests to an API server, judged by rules over audit events before they are carried out. */
export class AdmissionWebhook implements Feed, Service {
  readonly source = 'k8s_audit'
  readonly meter = { engine: 'source_plugin' } as const
  readonly finite = false
  readonly #log: Log
  readonly #receiver: HttpReceiver
  readonly #counts = { allowed: 0, warned: 0, denied: 0, unjudged: 0, late: 0, dryRun: 0, invalid: 0, seconds: 0 }
  readonly #matches = new Map<string, number>()
  #config: Config['admission']
  #policy: Policy
  #rules: RunningRules
  #consumer: Consumer | undefined
  readonly #files: ServerFiles
  readonly #faults: Faults

  /** @throws {CliError} when the certificate cannot be read, or `deny` names what does not exist */
  constructor({ config, rules, engine }: Pick<Loaded, 'config' | 'rules' | 'engine'>, log: Log) {
    this.#log = log
    this.#config = config.admission
    this.#rules = engine
    this.#policy = new Policy(config.admission, rules)
    const [unknown] = this.#policy.unknown
    if (unknown !== undefined) throw new CliError(`admission.deny: there is no ${unknown} over audit events`)
    const { deadline, certificate, certificate_key: key, client_ca: clientCa } = config.admission
    if (certificate === '') log.warning('admission.certificate is not set: without TLS no API server connects')
    this.#faults = new Faults(text => log.error(`admission: ${text}`))
    this.#files = new ServerFiles('admission', { certificate, key, clientCa }, log)
    try {
      const options = { ...addressOf(config.admission.listen, 'admission.listen'), maxBodyBytes: MAX_BODY }
      const limits = { headMs: Math.min(deadline, 10_000), bodyMs: deadline, idleMs: deadline, keepMs: KEEP_MS }
      const onFault = (text: string) => log.error(`admission: ${text}`)
      this.#receiver = new HttpReceiver({ ...options, ...limits, onFault, ...this.#files.read() }, this)
    } catch (error) {
      throw new CliError(`admission: ${(error as Error).message}`)
    }
    this.#tell()
  }

  get title(): string {
    return `admission webhook ${this.#config.listen}${PATH}`
  }

  /** Its address; empty before it listens. */
  get url(): string {
    return this.#receiver.url && `${this.#receiver.url}${PATH}`
  }

  async run(consumer: Consumer, signal: AbortSignal): Promise<void> {
    this.#consumer = consumer
    const { promise, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) return
    await this.#receiver.listen()
    this.#log.info(`Admission webhook listening at ${this.url}: ${this.#policy.summary}`)
    const leave = this.#files.keep(this.#receiver)
    try {
      await promise
      await this.#receiver.close()
    } finally {
      leave()
    }
  }

  want(rules: RunningRules, { config, rules: notes }: Pick<Loaded, 'config' | 'rules'>): void {
    this.#rules = rules
    const { listen, deadline } = this.#config
    this.#config = { ...config.admission, listen, deadline }
    this.#policy = new Policy(config.admission, notes)
    this.#tell()
  }

  losses(): Record<string, number> {
    return {}
  }

  route(path: string, method: string): Refusal | Reply | 'body' {
    if (path === PATH) return 'body'
    const asks = method === 'GET' || method === 'HEAD'
    return path === '/healthz' && asks ? { type: 'application/json', body: '{"status": "ok"}' } : NOT_FOUND
  }

  take(body: Buffer): Refusal | Reply {
    const begun = performance.now()
    let request: AdmissionRequest
    try {
      request = parseReview(body.toString('utf8'))
    } catch (error) {
      this.#counts.invalid++
      // Whatever else it is, the API server decides about this one.
      if (!(error instanceof ReviewError)) throw error
      return { status: 400, cause: 'bad-body', reason: error.message }
    }
    const answer = this.#judge(request)
    const took = performance.now() - begun
    this.#counts.seconds += took / 1000
    if (took > this.#config.deadline) this.#counts.late++
    return { type: 'application/json', body: printAnswer(request.uid, answer) }
  }

  #judge({ events, dryRun }: AdmissionRequest): AdmissionAnswer {
    if (dryRun) this.#counts.dryRun++
    const { failures } = this.#rules
    const rules = new Set<string>()
    try {
      for (const event of events)
        for (const { rule } of this.#consumer!.judge!(event, !dryRun)) {
          rules.add(rule)
          this.#matches.set(rule, (this.#matches.get(rule) ?? 0) + 1)
        }
    } catch (error) {
      this.#faults.add(error)
      return this.#unjudged('an error that the log shows')
    }
    const answer = rules.size === 0 ? ADMITTED : this.#policy.answer([...rules])
    // A field that could not be read counted as absent, so a rule that did not match might have.
    if (answer.allowed && this.#rules.failures > failures) return this.#unjudged('a field could not be read')
    this.#counts[answer.allowed ? (answer.warnings ? 'warned' : 'allowed') : 'denied']++
    return answer
  }

  #unjudged(reason: string): AdmissionAnswer {
    this.#counts.unjudged++
    return unjudged(this.#config.on_failure, reason)
  }

  series(): Series[] {
    const { allowed, warned, denied, unjudged, late, dryRun, invalid, seconds } = this.#counts
    const counter = (name: Series['name'], help: string, value: number, labels: Series['labels'] = {}): Series => {
      return { name, kind: 'counter', help, value, labels }
    }
    const reviews = 'Requests by answer; unjudged: on_failure has decided.'
    return [
      ...Object.entries({ allowed, warned, denied, unjudged }).map(([answer, value]) =>
        counter('falc_admission_reviews_total', reviews, value, { answer }),
      ),
      counter('falc_admission_dry_runs_total', 'Of these, dry runs, of which no alert is sent.', dryRun),
      counter('falc_admission_late_total', 'Of these, those that took longer than the deadline to judge.', late),
      counter('falc_admission_seconds_total', 'Time spent on them.', seconds),
      counter('falc_admission_invalid_total', 'Bodies that are not a review.', invalid),
      ...[...this.#policy.modes].map(([rule, mode]) =>
        counter('falc_admission_matches_total', 'Matches by rule.', this.#matches.get(rule) ?? 0, { rule, mode }),
      ),
      ...Object.entries(this.#receiver.refused).map(([cause, value]) =>
        counter('falc_admission_refused_total', 'Requests and connections refused, by cause.', value, { cause }),
      ),
      ...this.#files.series(),
    ]
  }

  #tell(): void {
    const { on_failure, client_ca } = this.#config
    for (const unknown of this.#policy.unknown)
      this.#log.error(`admission.deny: there is no ${unknown} over audit events`)
    for (const note of this.#policy.notes) this.#log.info(`admission: ${note}`)
    const fails = on_failure === 'open' ? 'admitted with a warning' : 'denied'
    this.#log.info(`admission: ${this.#policy.summary}; a request that cannot be judged is ${fails}`)
    if (client_ca === '')
      this.#log.warning('admission: anyone who can connect can raise false alerts: set admission.client_ca')
  }
}
