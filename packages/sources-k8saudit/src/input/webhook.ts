import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { AuditEvent } from '../event.ts'
import { BodyReader } from '../parse.ts'
import { type AuditStats, countBody, type InputOptions, newStats } from '../stats.ts'
import { readBody } from './body.ts'
import { BodyBudget } from './budget.ts'
import { type AuditInput, eventsOf, lossesOf } from './input.ts'
import { BodyQueue } from './queue.ts'
import { BUSY, LOSSES, type Refusal, type RefusalCause, refusalOf, STOPPING } from './refusal.ts'
import { TokenCheck } from './token.ts'

export interface AuditWebhookOptions extends InputOptions {
  /** Address to listen on. Default: all. */
  readonly host?: string
  /** Default 9765; 0 chooses a free one. */
  readonly port?: number
  /** Default /k8s-audit. */
  readonly path?: string
  /** Serve HTTPS: the path of one PEM file with certificate and key, or their texts. With `ca`, clients must have a certificate that it signed. */
  readonly tls?:
    | string
    | { readonly cert: string | Buffer; readonly key?: string | Buffer; readonly ca?: string | Buffer }
  /** Bearer tokens, one of which clients must send. Default: none is needed. */
  readonly tokens?: readonly string[]
  /** When a request is answered with 200: as soon as its events are queued (default), or when the iteration is past all of them. */
  readonly answer?: 'queued' | 'evaluated'
  /** A larger body, decompressed, is refused with 413. Default 12582912, as Falco's webhookMaxBatchSize. */
  readonly maxBodyBytes?: number
  /** When the bodies that wait to be iterated are larger than this, further ones are refused with 429; so are bodies of one client beyond half of it. Default 64 MiB. */
  readonly maxQueuedBytes?: number
  /** Memory of bodies that are still arriving. When it is used up, the client that holds most loses its oldest body (429). Default 64 MiB. */
  readonly maxArrivingBytes?: number
  /** Milliseconds in which a body must make progress. Default 10,000. */
  readonly idleMs?: number
  /** Milliseconds in which a body must be complete. Default 60,000. */
  readonly bodyMs?: number
  /** Connections of all clients; further ones are closed. Default 1024. */
  readonly maxConnections?: number
  /** Connections of one client, by its address. Default 256. */
  readonly maxConnectionsPerClient?: number
  /** How long a stopping server waits for requests that have begun. Default 5000 ms. */
  readonly graceMs?: number
}

export interface AuditWebhookStats extends AuditStats {
  requests: number
  /** Requests answered with 4xx, or broken off; connections closed. */
  refused: Record<RefusalCause, number>
}

/**
 * Listens for what an API server posts (its audit webhook backend): an Event or EventList per request.
 * @throws when the address is in use or the certificate cannot be read.
 */
export async function openAuditWebhook(options: AuditWebhookOptions = {}): Promise<AuditWebhook> {
  const webhook = new AuditWebhook(options)
  await webhook.listen()
  return webhook
}

/** What a body takes in the queue beside its text. */
const BODY_WEIGHT = 1024

/** Milliseconds that the rest of a refused body may take, so that the client sees the answer and not a broken pipe. */
const DRAIN_MS = 5000

export class AuditWebhook implements AuditInput<AuditWebhookStats> {
  readonly stats: AuditWebhookStats = {
    ...newStats(),
    requests: 0,
    refused: {
      ...{ route: 0, unauthorized: 0, 'media-type': 0, 'body-too-large': 0, 'bad-body': 0 },
      ...{ busy: 0, slow: 0, aborted: 0, connections: 0 },
    },
  }
  /** Where it can be reached from this machine; empty before it listens. */
  url = ''
  readonly #options: AuditWebhookOptions
  readonly #path: string
  readonly #maxBodyBytes: number
  readonly #tokens: TokenCheck | undefined
  readonly #arriving: BodyBudget
  readonly #queue: BodyQueue
  readonly #server: Server
  readonly #connections = new Map<string, number>()
  #stopping: Promise<void> | undefined = undefined

  constructor(options: AuditWebhookOptions) {
    const { path = '/k8s-audit', maxBodyBytes = 12 * 1024 * 1024, tokens, tls } = options
    this.#options = options
    this.#path = path
    this.#maxBodyBytes = maxBodyBytes
    this.#tokens = tokens && new TokenCheck(tokens)
    this.#arriving = new BodyBudget(options.maxArrivingBytes ?? 64 * 1024 * 1024)
    this.#queue = new BodyQueue(options.maxQueuedBytes ?? 64 * 1024 * 1024)
    const handler = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response)
    const limits = { connectionsCheckingInterval: 1000, headersTimeout: 10_000, requestTimeout: 0 }
    this.#server =
      tls === undefined ? createServer(limits, handler) : createTlsServer({ ...limits, ...tlsOptions(tls) }, handler)
    this.#server.maxConnections = options.maxConnections ?? 1024
    this.#server.on('connection', socket => this.#connected(socket))
    this.#server.on('drop', () => this.stats.refused.connections++)
  }

  async listen(): Promise<void> {
    const { host, port = 9765, signal } = this.#options
    this.#server.listen({ port, ...(host && { host }) })
    await once(this.#server, 'listening')
    this.url = this.#ownUrl()
    if (signal?.aborted) await this.close()
    signal?.addEventListener('abort', () => void this.close(), { once: true })
  }

  /** What should worry an operator: anybody can send events. Undefined when clients authenticate, or must be on this machine. */
  get exposed(): string | undefined {
    const { tls, host = '', port = 9765 } = this.#options
    const authenticated = this.#tokens !== undefined || (typeof tls === 'object' && tls.ca !== undefined)
    if (authenticated || /^(127\.|::1$|localhost$)/.test(host)) return undefined
    const where = host === '' ? 'all addresses' : host
    return `listening on ${where} without authentication: anyone who can reach port ${port} can forge audit events or flood this webhook`
  }

  async *batches(): AsyncGenerator<AuditEvent[], void> {
    try {
      for (let batch = await this.#queue.take(); batch; batch = await this.#queue.take()) {
        countBody(this.stats, batch)
        for (const problem of batch.problems) this.#options.onProblem?.(problem)
        if (batch.events.length > 0) yield batch.events
        // Evaluating a large body must not keep the server from its other clients.
        await turn()
      }
    } finally {
      this.#queue.abandon()
      await this.close()
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<AuditEvent> {
    return eventsOf(this.batches())
  }

  losses(): Record<string, number> {
    const refused = LOSSES.map(cause => [cause, this.stats.refused[cause]] as const)
    return lossesOf(this.stats, Object.fromEntries(refused))
  }

  /** Takes no new requests, lets those that have begun end, and ends the iteration when all their events have been given out. */
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
    const late = setTimeout(() => this.#server.closeAllConnections(), this.#options.graceMs ?? 5000)
    await closed
    clearTimeout(late)
    this.#queue.close()
  }

  #connected(socket: Socket): void {
    const client = socket.remoteAddress ?? ''
    const count = (this.#connections.get(client) ?? 0) + 1
    if (count > (this.#options.maxConnectionsPerClient ?? 256)) {
      this.stats.refused.connections++
      socket.destroy()
      return
    }
    this.#connections.set(client, count)
    socket.on('close', () => {
      const left = this.#connections.get(client)! - 1
      if (left > 0) this.#connections.set(client, left)
      else this.#connections.delete(client)
    })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.stats.requests++
    const refusal = await this.#take(request)
    if (refusal) this.#refuse(refusal, request, response)
    else response.writeHead(200, this.#stopping && { connection: 'close' }).end()
  }

  /** Queues the events of a request, or says why not. */
  async #take(request: IncomingMessage): Promise<Refusal | undefined> {
    const maxBytes = this.#maxBodyBytes
    const early = refusalOf(request, this.#path, maxBytes, this.#tokens)
    if (early) return early
    const { idleMs = 10_000, bodyMs = 60_000 } = this.#options
    const client = request.socket.remoteAddress ?? ''
    const bytes = await readBody(request, { maxBytes, idleMs, totalMs: bodyMs }, this.#arriving)
    return 'status' in bytes ? bytes : this.#takeBody(bytes, client)
  }

  async #takeBody(bytes: Buffer, client: string): Promise<Refusal | undefined> {
    const { maxEventSize, answer, onProblem } = this.#options
    const text = bytes.toString('utf8')
    const options = { strict: true, ...(maxEventSize !== undefined && { maxEventSize }) }
    const body = new BodyReader(text, options)
    const first = body.read()
    // What is answered depends on whether there is any event: a few slices are looked at to find out.
    for (let i = 0; first.events.length === 0 && !body.done && i < 4; i++) {
      const { events, problems } = body.read()
      first.events.push(...events)
      first.problems.push(...problems)
    }
    const [problem] = first.problems
    if (first.events.length === 0 && body.done) {
      if (problem) {
        onProblem?.(problem)
        return { status: 400, cause: 'bad-body', reason: `${problem.cause}: ${problem.message}` }
      }
      this.stats.bytes += bytes.length
      return undefined
    }
    // A text with characters beyond Latin-1 takes two bytes for each.
    const weight = (text.length === bytes.length ? text.length : 2 * text.length) + BODY_WEIGHT
    const { promise: evaluated, resolve: settled } = Promise.withResolvers<boolean>()
    const reread = () => new BodyReader(text, options)
    if (!this.#queue.push({ first, rest: body, reread, weight, client, settled })) return BUSY
    this.stats.bytes += bytes.length
    return answer === 'evaluated' && !(await evaluated) ? STOPPING : undefined
  }

  #refuse(refusal: Refusal, request: IncomingMessage, response: ServerResponse): void {
    this.stats.refused[refusal.cause]++
    if (response.destroyed) return
    response.writeHead(refusal.status, {
      'content-type': 'text/plain; charset=utf-8',
      ...(refusal.status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(refusal.status === 405 && { allow: 'POST' }),
      ...(refusal.status === 429 && { 'retry-after': '1' }),
      ...(!request.complete && { connection: 'close' }),
    })
    response.end(`${refusal.reason}\n`)
    if (request.complete) return
    // The rest of the body is read and thrown away.
    request.resume()
    const late = setTimeout(() => request.destroy(), DRAIN_MS)
    request.on('close', () => clearTimeout(late))
  }
}

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
