import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { WebserverConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'

/** What the server answers with. */
export interface Pages {
  versions(): string
  /** Prometheus' text format. */
  metrics(): string
}

/**
 * Falco's health server: the health page, /versions and, if enabled, /metrics. @returns how to stop it
 * @throws {CliError} when it cannot listen
 */
export async function startWebserver(config: WebserverConfig, pages: Pages): Promise<() => void> {
  const server = makeServer(config, listener(config, pages))
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(config.port, config.address, resolve)
    })
  } catch (error) {
    throw new CliError(`Failed to start the webserver: ${(error as Error).message}`)
  }
  server.on('error', () => {})
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

function makeServer({ certificate }: WebserverConfig, listen: RequestListener): Server {
  if (certificate === '') return createServer(listen)
  try {
    const pem = readFileSync(certificate)
    return createSecureServer({ cert: pem, key: pem }, listen)
  } catch (error) {
    throw new CliError(`Failed to start the webserver: ssl_certificate: ${(error as Error).message}`)
  }
}

function listener({ healthz, metrics }: WebserverConfig, pages: Pages): RequestListener {
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
