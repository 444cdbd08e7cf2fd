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
import { CliError } from '../fail.ts'
import type { Consumer, Feed } from './feed.ts'

/** What the k8saudit plugin's init_config may say that falc acts on; Falco's names. */
interface InitConfig {
  readonly sslCertificate?: string
  readonly maxEventSize?: number
  readonly webhookMaxBatchSize?: number
}

export interface K8sAuditOptions {
  /** As the plugin's open_params: a file, a folder, `-`, `http(s)://host:port/path`. */
  readonly from: string
  readonly follow?: boolean
  /** The plugin's init_config: JSON text, or empty. */
  readonly initConfig?: string
  /** Told of what is left out, once for each cause. */
  readonly warn: (text: string) => void
}

/**
 * Kubernetes audit events from a log or a webhook.
 * @throws {CliError} when the options make no sense
 */
export function k8sAuditFeed(options: K8sAuditOptions): Feed {
  return new K8sAuditFeed(options)
}

class K8sAuditFeed implements Feed {
  readonly source = 'k8s_audit'
  readonly meter = { engine: 'source_plugin' } as const
  readonly title: string
  readonly finite: boolean
  private readonly params: OpenParams
  private readonly config: InitConfig
  private readonly options: K8sAuditOptions
  private readonly warned = new Set<string>()
  private input: AuditInput | null = null

  constructor(options: K8sAuditOptions) {
    this.options = options
    this.params = openParams(options.from)
    this.config = initConfig(options.initConfig ?? '')
    this.finite = this.params.kind !== 'webhook' && !options.follow
    this.title = this.params.kind === 'webhook' ? `webhook ${options.from}` : `audit log ${options.from}`
    if (options.follow && this.params.kind !== 'file') throw new CliError('--follow needs a file of audit events')
  }

  async run(consumer: Consumer, signal: AbortSignal): Promise<void> {
    this.input = await this.open(signal)
    for await (const batch of this.input.batches()) {
      for (let i = 0; i < batch.length; i++) consumer.event(batch[i])
      const wait = consumer.pause()
      if (wait) await wait
    }
  }

  losses(): Record<string, number> {
    const stats = this.input?.stats as (AuditStats & { refused?: Record<string, number> }) | undefined
    const all = { ...stats?.rejected, ...stats?.refused }
    return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0))
  }

  private async open(signal: AbortSignal): Promise<AuditInput> {
    const { maxEventSize, webhookMaxBatchSize, sslCertificate = '/etc/falco/falco.pem' } = this.config
    const common = {
      signal,
      onProblem: (problem: AuditProblem) => this.warnOnce(problem),
      ...(maxEventSize !== undefined && { maxEventSize }),
    }
    const { params } = this
    try {
      if (params.kind === 'stdin') return readAuditStream(process.stdin, common)
      if (params.kind === 'file') return openAuditLog(params.path, { ...common, follow: this.options.follow ?? false })
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

  private warnOnce({ cause, message, line }: AuditProblem): void {
    if (this.warned.has(cause)) return
    this.warned.add(cause)
    const at = line === undefined ? '' : ` at line ${line}`
    this.options.warn(`${this.title}: ${cause}${at}: ${message} (further ones are counted only)`)
  }
}

function openParams(text: string): OpenParams {
  try {
    return parseOpenParams(text)
  } catch (error) {
    throw new CliError(`Kubernetes audit events: ${(error as Error).message}`)
  }
}

function initConfig(text: string): InitConfig {
  if (text.trim() === '') return {}
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (error) {
    throw new CliError(`plugin k8saudit: init_config is not JSON: ${(error as Error).message}`)
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw new CliError('plugin k8saudit: init_config must be a map')
  return config as InitConfig
}
