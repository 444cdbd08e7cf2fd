import { SteadyPage } from '@falc/outputs'
import type { Refusal, Reply, Service } from '@falc/sources-k8saudit'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import type { Series } from '../meter/counts.ts'
import { ServerFiles } from '../server-files.ts'

type WebserverConfig = Config['webserver']

/** Bodies of the pages. */
export interface Pages {
  versions(): string
  /** Prometheus' text format. @param refused requests that were refused, by cause @param own the server's other series */
  metrics(refused: Readonly<Record<string, number>>, own: readonly Series[]): string
}

export interface Webserver {
  /** `http://0.0.0.0:8765` */
  readonly url: string
  stop(): void
}

/** Connections. Scrapers, probes and people need only a few. */
const LIMITS = { maxConnections: 256, maxConnectionsPerClient: 64, maxBodyBytes: 0, graceMs: 0 }

/**
 * Falco's health server: the health page, /versions and, if enabled, /metrics. It listens on all addresses by default and serves anyone, so
 * its costs are bounded like those of the audit webhook.
 * @throws {CliError} when it cannot listen
 */
export async function startWebserver(config: WebserverConfig, pages: Pages, log: Log): Promise<Webserver> {
  const { listen_address: host, listen_port: port, ssl_enabled, ssl_certificate } = config
  const { HttpReceiver } = await import('@falc/sources-k8saudit')
  try {
    const files = new ServerFiles('webserver', { certificate: ssl_enabled ? ssl_certificate : '' }, log)
    const metrics = new SteadyPage(() => pages.metrics(receiver.refused, files.series()))
    const onFault = (text: string) => log.error(`webserver: ${text}`)
    const options = { ...LIMITS, host, port, onFault, ...files.read() }
    const receiver = new HttpReceiver(options, service(config, pages, metrics))
    await receiver.listen()
    const leave = files.keep(receiver)
    const at = new URL(receiver.url)
    return {
      url: `${at.protocol}//${host.includes(':') ? `[${host}]` : host}:${at.port || port}`,
      stop: () => {
        leave()
        void receiver.close()
      },
    }
  } catch (error) {
    throw new CliError(`Failed to start the webserver: ${(error as Error).message}`)
  }
}

const NOT_FOUND: Refusal = { status: 404, cause: 'route', reason: '' }

function service(config: WebserverConfig, pages: Pages, metrics: SteadyPage): Service {
  const { k8s_healthz_endpoint: healthz, prometheus_metrics_enabled } = config
  const page = (path: string): Reply | undefined => {
    if (path === healthz) return { type: 'application/json', body: '{"status": "ok"}' }
    if (path === '/versions') return { type: 'application/json', body: pages.versions() }
    if (path === '/metrics' && prometheus_metrics_enabled)
      return { type: 'text/plain; version=0.0.4', body: metrics.text }
    return undefined
  }
  return {
    route: (path, method) =>
      method === 'GET' || method === 'HEAD'
        ? (page(path) ?? NOT_FOUND)
        : { ...{ status: 405, cause: 'route', allow: 'GET, HEAD' }, reason: `${method.slice(0, 20)} is not allowed` },
    take: async () => NOT_FOUND,
  }
}
