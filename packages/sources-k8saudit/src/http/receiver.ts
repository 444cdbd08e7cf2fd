import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { readBody } from './body.ts'
import { BodyBudget } from './budget.ts'
import { clientOf } from './client.ts'
import { type Deadline, Deadlines } from './deadlines.ts'
import { Faults } from './faults.ts'
import { type ReceiverOptions, tlsOptions } from './options.ts'
import { callRefusal, FAULT, type Refusal, type RefusalCause, refusalOf, UNEXPECTED } from './refusal.ts'
import { TokenCheck } from './token.ts'

/** An answer of success. */
export interface Reply {
  readonly type: string
  readonly body: string
}

export type Answer = Refusal | Reply | undefined

/** What is done with requests. */
export interface Service {
  /**
   * Decides by a request's path and method: an answer, a refusal, or how an authorised request is read: as a POST of JSON (`body`), or as a
   * POST whose body is ignored (`call`).
   */
  route(path: string, method: string): Refusal | Reply | 'body' | 'call'
  /** Takes a body, or a call without one. undefined: 200 without a text. */
  take(body: Buffer, client: string, path: string): Answer | Promise<Answer>
}

/** Milliseconds that the rest of a refused body may take, so that the client sees the answer and not a broken pipe. */
const DRAIN_MS = 5000

/** Requests of one connection whose answers have not been sent. No client of ours sends one before it has the answer to the last. */
const MAX_PIPELINED = 4

/**
 * An HTTP server that takes JSON from strangers: bounded in connections, bytes and time, for all clients and for each; with bearer
 * tokens and client certificates.
 */
export class HttpReceiver {
  requests = 0
  /** Requests answered with 4xx and 5xx, or broken off; connections closed. */
  readonly refused: Record<RefusalCause, number> = {
    ...{ route: 0, unauthorized: 0, 'media-type': 0, 'body-too-large': 0, 'bad-body': 0 },
    ...{ busy: 0, slow: 0, aborted: 0, connections: 0, malformed: 0, pipelined: 0, fault: 0 },
  }
  /** Where it can be reached from this machine; empty before it listens. */
  url = ''
  readonly #options: ReceiverOptions
  readonly #service: Service
  #tokens: TokenCheck | undefined
  readonly #arriving: BodyBudget
  readonly #deadlines = new Deadlines()
  readonly #faults: Faults
  readonly #server: Server
  /** By client. */
  readonly #connections = new Map<string, number>()
  /** All, those in a TLS handshake included, of which Node's server knows nothing. */
  readonly #sockets = new Set<Socket>()
  /** Answers that have not been sent, by connection. */
  readonly #pending = new WeakMap<Socket, Set<ServerResponse>>()
  #stopping: Promise<void> | undefined = undefined

  /** @throws when the certificate cannot be read */
  constructor(options: ReceiverOptions, service: Service) {
    const { tokens, tls } = options
    this.#options = options
    this.#service = service
    this.#faults = new Faults(text => options.onFault?.(text))
    this.#tokens = tokens && new TokenCheck(tokens)
    this.#arriving = new BodyBudget(options.maxArrivingBytes ?? 64 * 1024 * 1024)
    const handler = (request: IncomingMessage, response: ServerResponse) => this.#handle(request, response)
    const { headMs: head = 10_000, bodyMs = 60_000 } = options
    const limits = {
      ...{ connectionsCheckingInterval: Math.min(1000, head), headersTimeout: head },
      // Of a body without a reader: those of others come first.
      requestTimeout: head + bodyMs + DRAIN_MS,
      keepAliveTimeout: options.keepMs ?? 5000,
    }
    const server: Server =
      tls === undefined
        ? createServer(limits)
        : createTlsServer({ ...limits, handshakeTimeout: head, ...tlsOptions(tls) })
    server.on('request', handler)
    // A client that may not send a body learns so before it sends one.
    server.on('checkContinue', handler)
    server.on('checkExpectation', (request, response) => this.#handle(request, response, UNEXPECTED))
    server.maxConnections = options.maxConnections ?? 1024
    server.on('connection', socket => this.#connected(socket))
    server.on('drop', () => this.refused.connections++)
    server.on('clientError', (error, socket) => this.#unreadable(error, socket as Socket))
    server.on('tlsClientError', error => this.#unsecured(error))
    // The process has no descriptor left for a connection. It is lost; the server keeps working.
    server.on('error', () => this.url !== '' && this.refused.connections++)
    this.#server = server
  }

  /** @throws when the address is in use */
  async listen(): Promise<void> {
    const { host, port } = this.#options
    this.#server.listen({ port, ...(host && { host }) })
    await once(this.#server, 'listening')
    this.url = this.#ownUrl()
  }

  /** The addresses at which anyone can send to it, such as `all addresses`; undefined if clients authenticate or must be on this machine. */
  get exposed(): string | undefined {
    const { tls, host = '' } = this.#options
    const authenticated = this.#tokens !== undefined || (typeof tls === 'object' && tls.ca !== undefined)
    if (authenticated || /^(127\.|::1$|localhost$)/.test(host)) return undefined
    return host === '' ? 'all addresses' : host
  }

  /**
   * Takes another certificate into use, for connections from now on, and other tokens, for requests from now on. Whether there are any
   * does not change.
   * @throws when it is not a certificate; nothing is changed then
   */
  renew({ tls, tokens }: Pick<ReceiverOptions, 'tls' | 'tokens'>): void {
    const server = this.#server
    if (tls !== undefined && server instanceof TlsServer) server.setSecureContext(tlsOptions(tls))
    if (tokens !== undefined && this.#tokens) this.#tokens = new TokenCheck(tokens)
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
    const late = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, this.#options.graceMs ?? 5000)
    await closed
    clearTimeout(late)
  }

  #connected(socket: Socket): void {
    const client = clientOf(socket)
    const count = (this.#connections.get(client) ?? 0) + 1
    if (count > (this.#options.maxConnectionsPerClient ?? 256)) {
      this.refused.connections++
      socket.destroy()
      return
    }
    this.#connections.set(client, count)
    this.#sockets.add(socket)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      const left = this.#connections.get(client)! - 1
      if (left > 0) this.#connections.set(client, left)
      else this.#connections.delete(client)
    })
  }

  /** What has arrived is not a request: malformed, too large or late. In the middle of a body, the request is counted as aborted. */
  #unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    const pending = [...(this.#pending.get(socket) ?? [])]
    // Connections that end without a request are no requests.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') {
      const [cause, status] = HEAD_ERRORS[error.code ?? ''] ?? (['malformed', '400 Bad Request'] as const)
      if (pending.length === 0) this.refused[cause]++
      if (socket.writable && !pending.some(({ headersSent }) => headersSent))
        socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
    }
    socket.destroy()
  }

  #unsecured(error: NodeJS.ErrnoException): void {
    if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') this.refused.slow++
    else if (error.code !== 'ECONNRESET') this.refused.unauthorized++
  }

  /** Takes note of a request until it is answered. @returns undefined: too many of this connection are not */
  #begin({ socket }: IncomingMessage, response: ServerResponse): Set<ServerResponse> | undefined {
    let pending = this.#pending.get(socket)
    if (!pending) this.#pending.set(socket, (pending = new Set()))
    if (pending.size === MAX_PIPELINED) {
      if (!socket.destroyed) this.refused.pipelined++
      socket.destroy()
      return undefined
    }
    return pending.add(response)
  }

  /** Runs thousands of times a second on a busy server, so it creates no promises or timers. */
  #handle(request: IncomingMessage, response: ServerResponse, refusal?: Refusal): void {
    const pending = this.#begin(request, response)
    if (!pending) return
    let deadline: Deadline | undefined
    response.on('close', () => {
      pending.delete(response)
      if (deadline) this.#deadlines.end(deadline)
    })
    this.requests++
    const { answerMs = 10_000 } = this.#options
    const answer = (answer: Answer) => {
      if (!response.destroyed) deadline = this.#deadlines.begin(answerMs, () => this.#unread(request, response))
      if (answer && 'status' in answer) this.#refuse(answer, request, response)
      else this.#reply(answer, request, response)
    }
    const { url = '/', method = '' } = request
    const path = url.split('?', 1)[0]!
    let route: ReturnType<Service['route']>
    try {
      route = refusal ?? this.#service.route(path, method)
    } catch (error) {
      route = this.#fault(error)
    }
    if (typeof route === 'string') this.#take(request, response, { route, path }, answer)
    else answer(route)
  }

  /** An error of ours that a client may have found ends its request, not the process. */
  #fault(error: unknown): Refusal {
    this.#faults.add(error)
    return FAULT
  }

  #take(
    request: IncomingMessage,
    response: ServerResponse,
    { route, path }: { readonly route: 'body' | 'call'; readonly path: string },
    answer: (answer: Answer) => void,
  ): void {
    const { maxBodyBytes: maxBytes, idleMs = 10_000, bodyMs: totalMs = 60_000 } = this.#options
    const refusal = route === 'call' ? callRefusal(request, this.#tokens) : refusalOf(request, maxBytes, this.#tokens)
    if (refusal) {
      answer(refusal)
      return
    }
    if (request.headers.expect !== undefined) response.writeContinue()
    const held = { budget: this.#arriving, deadlines: this.#deadlines }
    readBody(request, { maxBytes, idleMs, totalMs }, held, body => {
      let taken: ReturnType<Service['take']>
      try {
        taken = 'status' in body ? body : this.#service.take(body, clientOf(request.socket), path)
      } catch (error) {
        taken = this.#fault(error)
      }
      if (taken instanceof Promise) taken.then(answer, error => answer(this.#fault(error)))
      else answer(taken)
    })
  }

  #reply(answer: Reply | undefined, request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, {
      // Without its length, a text is sent in chunks: in four pieces instead of one.
      ...(answer && { 'content-type': answer.type, 'content-length': Buffer.byteLength(answer.body) }),
      ...(this.#stopping && { connection: 'close' }),
    })
    response.end(answer && request.method !== 'HEAD' ? answer.body : undefined)
  }

  /** The client does not read. */
  #unread({ socket }: IncomingMessage, response: ServerResponse): void {
    if (response.writableFinished) return
    this.refused.slow++
    socket.destroy()
  }

  #refuse(refusal: Refusal, request: IncomingMessage, response: ServerResponse): void {
    this.refused[refusal.cause]++
    if (response.destroyed) return
    response.writeHead(refusal.status, {
      'content-type': 'text/plain; charset=utf-8',
      ...(refusal.status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(refusal.status === 405 && { allow: refusal.allow ?? 'POST' }),
      ...(refusal.retryAfter !== undefined && { 'retry-after': String(refusal.retryAfter) }),
      ...(!request.complete && { connection: 'close' }),
    })
    response.end(refusal.reason && `${refusal.reason}\n`)
    if (request.complete) return
    // The rest of the body is read and thrown away.
    request.resume()
    const late = setTimeout(() => request.destroy(), DRAIN_MS)
    request.on('close', () => clearTimeout(late))
  }
}

/** Errors of Node's parser: how they are counted and answered. */
const HEAD_ERRORS: Readonly<Record<string, readonly [RefusalCause, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['slow', '408 Request Timeout'],
  HPE_HEADER_OVERFLOW: ['malformed', '431 Request Header Fields Too Large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['malformed', '413 Payload Too Large'],
}
