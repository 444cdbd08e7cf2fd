import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { readFile } from '../read-file.ts'

type WebserverConfig = Config['webserver']

/** Bodies of the pages. */
export interface Pages {
  versions(): string
  /** Prometheus' text format. */
  metrics(): string
}

export interface Webserver {
  /** `http://0.0.0.0:8765` */
  readonly url: string
  stop(): void
}

/**
 * Falco's health server: the health page, /versions and, if enabled, /metrics.
 * @throws {CliError} when it cannot listen
 */
export async function startWebserver(config: WebserverConfig, pages: Pages): Promise<Webserver> {
  const server = makeServer(config, listener(config, pages))
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(config.listen_port, config.listen_address, resolve)
    })
  } catch (error) {
    throw new CliError(`Failed to start the webserver: ${(error as Error).message}`)
  }
  server.on('error', () => {})
  const { address, port, family } = server.address() as AddressInfo
  return {
    url: `${config.ssl_enabled ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function makeServer({ ssl_enabled, ssl_certificate }: WebserverConfig, listen: RequestListener): Server {
  if (!ssl_enabled) return createServer(listen)
  try {
    const pem = readFile(ssl_certificate)
    return createSecureServer({ cert: pem, key: pem }, listen)
  } catch (error) {
    throw new CliError(`Failed to start the webserver: ssl_certificate: ${(error as Error).message}`)
  }
}

function listener(config: WebserverConfig, pages: Pages): RequestListener {
  const { k8s_healthz_endpoint: healthz, prometheus_metrics_enabled: metrics } = config
  return (request, response) => {
    const path = request.url?.split('?')[0]
    const answer = (type: string, body: string) => response.writeHead(200, { 'Content-Type': type }).end(body)
    if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405).end()
    else if (path === healthz) answer('application/json', '{"status": "ok"}')
    else if (path === '/versions') answer('application/json', pages.versions())
    else if (path === '/metrics' && metrics) answer('text/plain; version=0.0.4', pages.metrics())
    else response.writeHead(404).end()
  }
}
