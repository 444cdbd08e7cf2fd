import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { AuditEvent } from '../event.ts'
import { parseAuditBody } from '../parse.ts'
import { type AuditStats, countBody, type InputOptions, newStats } from '../stats.ts'
import { type Refusal, type RefusalCause, readBody, refusalOf, tooLarge } from './body.ts'
import { type AuditInput, eventsOf } from './input.ts'
import { BatchQueue } from './queue.ts'

export interface AuditWebhookOptions extends InputOptions {
  /** Address to listen at. Default: all. */
  readonly host?: string
  /** Default 9765; 0 takes a free one. */
  readonly port?: number
  /** Default /k8s-audit. */
  readonly path?: string
  /** Serve HTTPS: the path of one PEM file with certificate and key, or their texts. With `ca`, clients must show a certificate that it signed. */
  readonly tls?:
    | string
    | { readonly cert: string | Buffer; readonly key?: string | Buffer; readonly ca?: string | Buffer }
  /** A larger body is refused with 413. Default 12582912, as Falco's webhookMaxBatchSize. */
  readonly maxBodyBytes?: number
  /** When what waits to be iterated is larger than this (bodies, and 256 bytes per event), further bodies are refused with 429. Default 64 MiB. */
  readonly maxQueuedBytes?: number
  /** How long a stopping server waits for requests that have begun. Default 5000 ms. */
  readonly graceMs?: number
}

export interface AuditWebhookStats extends AuditStats {
  requests: number
  /** Requests that were answered with 4xx, or broke off. */
  refused: Record<RefusalCause, number>
}

/**
 * Listens for what an API server posts (its audit webhook backend): an Event or EventList per request. A request is
 * answered with 200 once its events are parsed and queued.
 * @throws when the address cannot be listened at or the certificate cannot be read.
 */
export async function openAuditWebhook(options: AuditWebhookOptions = {}): Promise<AuditWebhook> {
  const webhook = new AuditWebhook(options)
  await webhook.listen()
  return webhook
}

export class AuditWebhook implements AuditInput<AuditWebhookStats> {
  readonly stats: AuditWebhookStats = {
    ...newStats(),
    requests: 0,
    refused: { route: 0, 'media-type': 0, 'body-too-large': 0, 'bad-body': 0, busy: 0, aborted: 0 },
  }
  /** Where it can be reached from this machine; empty before it listens. */
  url = ''
  readonly #options: AuditWebhookOptions
  readonly #path: string
  readonly #maxBodyBytes: number
  readonly #queue: BatchQueue
  readonly #server: Server
  #stopping: Promise<void> | undefined = undefined

  constructor(options: AuditWebhookOptions) {
    this.#options = options
    this.#path = options.path ?? '/k8s-audit'
    this.#maxBodyBytes = options.maxBodyBytes ?? 12 * 1024 * 1024
    this.#queue = new BatchQueue(options.maxQueuedBytes ?? 64 * 1024 * 1024)
    const handler = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response)
    this.#server = options.tls === undefined ? createServer(handler) : createTlsServer(tlsOptions(options.tls), handler)
    this.#server.requestTimeout = 60_000
  }

  async listen(): Promise<void> {
    const { host, port = 9765, signal } = this.#options
    this.#server.listen({ port, ...(host && { host }) })
    await once(this.#server, 'listening')
    this.url = this.#ownUrl()
    if (signal?.aborted) await this.close()
    signal?.addEventListener('abort', () => void this.close(), { once: true })
  }

  async *batches(): AsyncGenerator<AuditEvent[], void> {
    try {
      for (let batch = await this.#queue.take(); batch; batch = await this.#queue.take()) yield batch
    } finally {
      await this.close()
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<AuditEvent> {
    return eventsOf(this.batches())
  }

  /** Takes no new requests, lets those that have begun end, and ends the iteration when all their events are given out. */
  close(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  #ownUrl(): string {
    const { port, address } = this.#server.address() as AddressInfo
    const everywhere = address === '::' || address === '0.0.0.0'
    const host = everywhere ? 'localhost' : address.includes(':') ? `[${address}]` : address
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${host}:${port}${this.#path}`
  }

  async #stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeIdleConnections()
    const timer = setTimeout(() => this.#server.closeAllConnections(), this.#options.graceMs ?? 5000)
    await closed
    clearTimeout(timer)
    this.#queue.close()
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.stats.requests++
    const refusal = await this.#take(request)
    if (refusal) this.#refuse(refusal, request, response)
    else response.writeHead(200, this.#stopping && { connection: 'close' }).end()
  }

  /** Queues the events of a request; or says why not. */
  async #take(request: IncomingMessage): Promise<Refusal | undefined> {
    const early = refusalOf(request, this.#path, this.#maxBodyBytes)
    if (early) return early
    const expected = Number(request.headers['content-length'] ?? this.#maxBodyBytes)
    if (!this.#queue.reserve(expected)) return BUSY
    let bytes: Buffer | undefined
    try {
      bytes = await readBody(request, this.#maxBodyBytes)
    } catch (error) {
      return { status: 400, cause: 'aborted', reason: (error as Error).message }
    } finally {
      this.#queue.release(expected)
    }
    return bytes ? this.#takeBody(bytes) : tooLarge(this.#maxBodyBytes)
  }

  #takeBody(bytes: Buffer): Refusal | undefined {
    const { maxEventSize } = this.#options
    const body = parseAuditBody(bytes.toString('utf8'), {
      strict: true,
      ...(maxEventSize !== undefined && { maxEventSize }),
    })
    const { events, problems } = body
    if (events.length > 0) {
      const weight = bytes.length + events.length * EVENT_WEIGHT
      if (!this.#queue.reserve(weight)) return BUSY
      this.#queue.push(events, weight)
    }
    this.stats.bytes += bytes.length
    countBody(this.stats, body)
    for (const problem of problems) this.#options.onProblem?.(problem)
    if (events.length > 0 || problems.length === 0) return undefined
    return { status: 400, cause: 'bad-body', reason: `${problems[0]!.cause}: ${problems[0]!.message}` }
  }

  #refuse(refusal: Refusal, request: IncomingMessage, response: ServerResponse): void {
    this.stats.refused[refusal.cause]++
    if (response.destroyed) return
    response.writeHead(refusal.status, {
      'content-type': 'text/plain; charset=utf-8',
      ...(refusal.status === 405 && { allow: 'POST' }),
      ...(refusal.status === 429 && { 'retry-after': '1' }),
    })
    response.end(`${refusal.reason}\n`)
    // What still comes of the body is let go, not cut off: else the client would see a broken pipe instead of the reason.
    request.resume()
  }
}

/** What an event costs in the queue beside its bytes, so that a body of millions of tiny events counts for what it takes. */
const EVENT_WEIGHT = 256

const BUSY: Refusal = { status: 429, cause: 'busy', reason: 'too many events are waiting; try again' }

function tlsOptions(tls: NonNullable<AuditWebhookOptions['tls']>) {
  if (typeof tls === 'string') {
    const pem = readFileSync(tls)
    return { cert: pem, key: pem }
  }
  return {
    cert: tls.cert,
    key: tls.key ?? tls.cert,
    ...(tls.ca && { ca: tls.ca, requestCert: true, rejectUnauthorized: true }),
  }
}
