import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { readBody } from './body.ts'
import { BodyBudget } from './budget.ts'
import { callRefusal, type Refusal, type RefusalCause, refusalOf } from './refusal.ts'
import { TokenCheck } from './token.ts'

/** Whom a receiver serves, and how much of its memory and time they may take. */
export interface ReceiverOptions {
  /** Address to listen on. Default: all. */
  readonly host?: string
  /** 0 chooses a free one. */
  readonly port: number
  /** Serve HTTPS: the path of one PEM file with certificate and key, or their texts. With `ca`, clients must have a certificate that it signed. */
  readonly tls?:
    | string
    | { readonly cert: string | Buffer; readonly key?: string | Buffer; readonly ca?: string | Buffer }
  /** Bearer tokens, one of which clients must send. Default: none is needed. */
  readonly tokens?: readonly string[]
  /** A larger body, decompressed, is refused with 413. */
  readonly maxBodyBytes: number
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

/** An answer of success. */
export interface Reply {
  readonly type: string
  readonly body: string
}

/** What is done with requests. */
export interface Service {
  /**
   * Looks at a request's path and method: answers it, refuses it, or wants it from whoever may send it: as a POST of JSON (`body`), or
   * as a POST whose body, if it has any, says nothing (`call`).
   */
  route(path: string, method: string): Refusal | Reply | 'body' | 'call'
  /** Takes a body, or a call without one. undefined: 200 without a text. */
  take(body: Buffer, client: string, path: string): Promise<Refusal | Reply | undefined>
}

/** Milliseconds that the rest of a refused body may take, so that the client sees the answer and not a broken pipe. */
const DRAIN_MS = 5000

/**
 * An HTTP server that takes JSON from strangers: bounded in connections, bytes and time, for all clients and for each; with bearer
 * tokens and client certificates.
 */
export class HttpReceiver {
  requests = 0
  /** Requests answered with 4xx and 5xx, or broken off; connections closed. */
  readonly refused: Record<RefusalCause, number> = {
    ...{ route: 0, unauthorized: 0, 'media-type': 0, 'body-too-large': 0, 'bad-body': 0 },
    ...{ busy: 0, slow: 0, aborted: 0, connections: 0 },
  }
  /** Where it can be reached from this machine; empty before it listens. */
  url = ''
  readonly #options: ReceiverOptions
  readonly #service: Service
  readonly #tokens: TokenCheck | undefined
  readonly #arriving: BodyBudget
  readonly #server: Server
  readonly #connections = new Map<string, number>()
  #stopping: Promise<void> | undefined = undefined

  /** @throws when the certificate cannot be read */
  constructor(options: ReceiverOptions, service: Service) {
    const { tokens, tls } = options
    this.#options = options
    this.#service = service
    this.#tokens = tokens && new TokenCheck(tokens)
    this.#arriving = new BodyBudget(options.maxArrivingBytes ?? 64 * 1024 * 1024)
    const handler = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response)
    const limits = { connectionsCheckingInterval: 1000, headersTimeout: 10_000, requestTimeout: 0 }
    this.#server =
      tls === undefined ? createServer(limits, handler) : createTlsServer({ ...limits, ...tlsOptions(tls) }, handler)
    this.#server.maxConnections = options.maxConnections ?? 1024
    this.#server.on('connection', socket => this.#connected(socket))
    this.#server.on('drop', () => this.refused.connections++)
  }

  /** @throws when the address is in use */
  async listen(): Promise<void> {
    const { host, port } = this.#options
    this.#server.listen({ port, ...(host && { host }) })
    await once(this.#server, 'listening')
    this.url = this.#ownUrl()
  }

  /** Where anybody can send to it: `all addresses`. undefined when clients authenticate, or must be on this machine. */
  get exposed(): string | undefined {
    const { tls, host = '' } = this.#options
    const authenticated = this.#tokens !== undefined || (typeof tls === 'object' && tls.ca !== undefined)
    if (authenticated || /^(127\.|::1$|localhost$)/.test(host)) return undefined
    return host === '' ? 'all addresses' : host
  }

  /** Takes no new requests, and lets those that have begun end. */
  close(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  #ownUrl(): string {
    const { port, address } = this.#server.address() as AddressInfo
    const everywhere = address === '::' || address === '0.0.0.0'
    const host = everywhere ? 'localhost' : address.includes(':') ? `[${address}]` : address
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${host}:${port}`
  }

  async #stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeIdleConnections()
    const late = setTimeout(() => this.#server.closeAllConnections(), this.#options.graceMs ?? 5000)
    await closed
    clearTimeout(late)
  }

  #connected(socket: Socket): void {
    const client = socket.remoteAddress ?? ''
    const count = (this.#connections.get(client) ?? 0) + 1
    if (count > (this.#options.maxConnectionsPerClient ?? 256)) {
      this.refused.connections++
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
    this.requests++
    const answer = await this.#answer(request)
    if (answer && 'status' in answer) this.#refuse(answer, request, response)
    else {
      response.writeHead(200, {
        ...(answer && { 'content-type': answer.type }),
        ...(this.#stopping && { connection: 'close' }),
      })
      response.end(answer && request.method !== 'HEAD' ? answer.body : undefined)
    }
  }

  async #answer(request: IncomingMessage): Promise<Refusal | Reply | undefined> {
    const { url = '/', method = '' } = request
    const { maxBodyBytes: maxBytes, idleMs = 10_000, bodyMs = 60_000 } = this.#options
    const path = url.split('?', 1)[0]!
    const route = this.#service.route(path, method)
    if (typeof route !== 'string') return route
    const refusal = route === 'call' ? callRefusal(request, this.#tokens) : refusalOf(request, maxBytes, this.#tokens)
    if (refusal) return refusal
    const client = request.socket.remoteAddress ?? ''
    const body = await readBody(request, { maxBytes, idleMs, totalMs: bodyMs }, this.#arriving)
    return 'status' in body ? body : this.#service.take(body, client, path)
  }

  #refuse(refusal: Refusal, request: IncomingMessage, response: ServerResponse): void {
    this.refused[refusal.cause]++
    if (response.destroyed) return
    response.writeHead(refusal.status, {
      'content-type': 'text/plain; charset=utf-8',
      ...(refusal.status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(refusal.status === 405 && { allow: 'POST' }),
      ...(refusal.retryAfter !== undefined && { 'retry-after': String(refusal.retryAfter) }),
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

function tlsOptions(tls: NonNullable<ReceiverOptions['tls']>) {
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
