import { fstatSync } from 'node:fs'
import {
  type AuditInput,
  type AuditProblem,
  type AuditStats,
  type OpenParams,
  openAuditLog,
  openAuditWebhook,
  parseOpenParams,
  readAuditStream,
} from '@falc/sources-k8saudit'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Consumer, Feed } from './feed.ts'

export interface K8sAuditOptions {
  /** As the plugin's open_params: a file, a folder, `-`, `http(s)://host:port/path`. */
  readonly from: string
  readonly follow?: boolean
  /** Settings of the plugin k8saudit. */
  readonly settings?: Config['plugins']['settings']['k8saudit']
  /** Called with the first problem of each cause. */
  readonly warn: (text: string) => void
}

/**
 * Kubernetes audit events from a log or a webhook.
 * @throws {CliError} when the options are invalid
 */
export function k8sAuditFeed(options: K8sAuditOptions): Feed {
  return new K8sAuditFeed(options)
}

const DEFAULT_CERTIFICATE = '/etc/falco/falco.pem'

class K8sAuditFeed implements Feed {
  readonly source = 'k8s_audit'
  readonly meter = { engine: 'source_plugin' } as const
  readonly title: string
  readonly finite: boolean
  readonly #params: OpenParams
  readonly #options: K8sAuditOptions
  readonly #warned = new Set<string>()
  #input: AuditInput | null = null

  constructor(options: K8sAuditOptions) {
    this.#options = options
    this.#params = openParams(options.from)
    this.finite = endsByItself(this.#params) && !options.follow
    this.title = this.#params.kind === 'webhook' ? `webhook ${options.from}` : `audit log ${options.from}`
    if (options.follow && this.#params.kind !== 'file') throw new CliError('--follow needs a file of audit events')
  }

  async run(consumer: Consumer, signal: AbortSignal): Promise<void> {
    this.#input = await this.#open(signal)
    for await (const batch of this.#input.batches()) {
      for (let i = 0; i < batch.length; i++) consumer.event(batch[i])
      const wait = consumer.pause()
      if (wait) await wait
    }
  }

  losses(): Record<string, number> {
    const stats = this.#input?.stats as (AuditStats & { refused?: Record<string, number> }) | undefined
    const all = { ...stats?.rejected, ...stats?.refused }
    return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0))
  }

  async #open(signal: AbortSignal): Promise<AuditInput> {
    const { maxEventSize, webhookMaxBatchSize, sslCertificate = DEFAULT_CERTIFICATE } = this.#options.settings ?? {}
    const common = {
      signal,
      onProblem: (problem: AuditProblem) => this.#warnOnce(problem),
      ...(maxEventSize !== undefined && { maxEventSize }),
    }
    const params = this.#params
    try {
      if (params.kind === 'stdin') return readAuditStream(process.stdin, common)
      if (params.kind === 'file') return openAuditLog(params.path, { ...common, follow: this.#options.follow ?? false })
      const { host, port, path, tls } = params
      return await openAuditWebhook({
        ...common,
        port,
        path,
        ...(host && { host }),
        ...(tls && { tls: sslCertificate }),
        ...(webhookMaxBatchSize !== undefined && { maxBodyBytes: webhookMaxBatchSize }),
      })
    } catch (error) {
      throw new CliError(`${this.title}: ${(error as Error).message}`)
    }
  }

  #warnOnce({ cause, message, line }: AuditProblem): void {
    if (this.#warned.has(cause)) return
    this.#warned.add(cause)
    const at = line === undefined ? '' : ` at line ${line}`
    this.#options.warn(`${this.title}: ${cause}${at}: ${message} (further ones are only counted)`)
  }
}

/** Standard input ends by itself only when it is a file: a pipe may stay open for as long as falc runs. */
function endsByItself({ kind }: OpenParams): boolean {
  return kind === 'stdin' ? fstatSync(0).isFile() : kind === 'file'
}

function openParams(text: string): OpenParams {
  try {
    return parseOpenParams(text)
  } catch (error) {
    throw new CliError(`Kubernetes audit events: ${(error as Error).message}`)
  }
}
