/** HTTP on the wire: requests out, answers in. What an answer means to a delivery is decided by the client. */
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { Agents, type AgentsOptions } from './agents.ts'
import { readUpTo } from './read-up-to.ts'

/** A request, as plain data. */
export interface Outgoing {
  readonly secure: boolean
  readonly place: Pick<RequestOptions, 'hostname' | 'port' | 'path' | 'auth'>
  readonly method: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** Compress the body. */
  readonly gzip: boolean
  /** Bytes of the answer's body that are read; a longer one is cut off with its connection. */
  readonly maxAnswer: number
}

/** An answer, as plain data. */
export interface Incoming {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
  /** The body is only the beginning of it. */
  readonly cut: boolean
}

/** The connections of one HTTP client. */
export interface Exchange {
  /**
   * @param signal ends it
   * @param each takes the body of an answer 200 in pieces
   * @throws {Error} with the `code` of the system, of TLS or of Node
   */
  exchange(request: Outgoing, signal: AbortSignal, each?: (piece: Buffer) => void): Promise<Incoming>
  /** Ends requests in flight, too. */
  close(): void
}

const gzipAsync = promisify(gzip)

/** Errors of a connection that the server closed while it was idle. */
const STALE = new Set(['ECONNRESET', 'EPIPE'])

/** In the thread that asks. */
export class DirectExchange implements Exchange {
  readonly #options: AgentsOptions
  readonly #agents: Agents
  readonly #inFlight = new Map<ClientRequest, AbortSignal>()
  /** Those that are listened to. */
  readonly #signals = new WeakSet<AbortSignal>()
  #closed = false

  constructor(options: AgentsOptions) {
    this.#options = options
    this.#agents = new Agents(options)
  }

  async exchange(request: Outgoing, signal: AbortSignal, each?: (piece: Buffer) => void): Promise<Incoming> {
    const body = request.gzip ? await gzipAsync(request.body) : request.body
    const size = Buffer.byteLength(body)
    const headers: Record<string, string> = Object.assign(Object.create(null), request.headers)
    headers['content-length'] = String(size)
    if (request.gzip) headers['content-encoding'] = 'gzip'
    // Text of ASCII goes out with the head, in one write.
    const sent = typeof body === 'string' && size > body.length ? Buffer.from(body) : body
    for (let attempt = 0; ; attempt++) {
      const { response, error, reused } = await this.#begin(request, headers, sent, signal)
      if (response) {
        const status = response.statusCode ?? 0
        const read = await readUpTo(response, request.maxAnswer, status === 200 ? each : undefined)
        return { status, headers: response.headers, ...read }
      }
      // A kept connection may have been closed while the request was on its way: one for each connection.
      const stale = reused && STALE.has((error as NodeJS.ErrnoException).code ?? '')
      if (!stale || attempt >= (this.#options.sockets ?? 1)) throw error
    }
  }

  close(): void {
    this.#closed = true
    this.#end()
    this.#agents.close()
  }

  #begin(
    { secure, place, method }: Outgoing,
    headers: Record<string, string>,
    body: string | Uint8Array,
    signal: AbortSignal,
  ): Promise<{ response?: IncomingMessage; error?: unknown; reused: boolean }> {
    return new Promise(resolve => {
      if (this.#closed || signal.aborted) return resolve({ error: closedError(), reused: false })
      const sent = secure
        ? httpsRequest({ ...place, method, headers, agent: this.#agents.secure })
        : httpRequest({ ...place, method, headers, agent: this.#agents.plain })
      this.#begun(sent, signal)
      sent.on('error', error => resolve({ error, reused: sent.reusedSocket }))
      sent.on('response', response => resolve({ response, reused: sent.reusedSocket }))
      // An answer of 101 ends the connection, and neither of these comes, nor the request's end.
      sent.on('upgrade', (_, socket) => {
        this.#inFlight.delete(sent)
        socket.destroy()
        resolve({ error: upgraded(), reused: false })
      })
      sent.end(body, 'latin1')
    })
  }

  /** Its signal ends it. Handed to Node with each request, signals would cost a tenth of it; most requests have that of the last one. */
  #begun(sent: ClientRequest, signal: AbortSignal): void {
    this.#inFlight.set(sent, signal)
    sent.on('close', () => this.#inFlight.delete(sent))
    if (this.#signals.has(signal)) return
    this.#signals.add(signal)
    signal.addEventListener('abort', () => this.#end(signal), { once: true })
  }

  /** Ends requests in flight. @param signal those that it was given with; undefined: all */
  #end(signal?: AbortSignal): void {
    for (const [sent, its] of this.#inFlight) if (signal === undefined || its === signal) sent.destroy(closedError())
  }
}

const upgraded = () => Object.assign(new Error('the receiver answered 101'), { code: 'bad_answer' })

const closedError = () => Object.assign(new Error('the output was closed'), { code: 'ABORT_ERR' })
