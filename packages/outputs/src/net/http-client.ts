/**
 * The HTTP client of all outputs. A request returns an answer or a failure, and never throws. Answers are read up to a limit, redirects are
 * not followed, and messages contain only the host of a URL.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { urlToHttpOptions } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Failure, failureOf, retryAfter, statusFailure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import type { OptionsOf, OptionTable } from '../model/transport.ts'
import { Agents, type AgentsOptions } from './agents.ts'
import { readUpTo } from './read-up-to.ts'
import { readTls, TLS_ERRORS, TLS_OPTIONS } from './tls.ts'

/** The options of every transport that speaks HTTP. */
export const HTTP_OPTIONS = {
  ...TLS_OPTIONS,
  proxy: {
    kind: 'url',
    doc: 'HTTP proxy. Without it, `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` of the environment apply.',
    example: 'http://proxy.example:3128',
  },
} as const satisfies OptionTable

export interface HttpClientOptions extends AgentsOptions {
  /** The output's name, at the beginning of messages. */
  readonly output: string
  /** Default: `falc`. */
  readonly userAgent?: string
  /** Bytes of an answer that are read unless a request says otherwise; a longer one is cut off with its connection. Default 64 KiB. */
  readonly maxAnswer?: number
  /** Texts that a server may repeat in its answer and that no message may hold. Those of a request's URL and headers are known. */
  readonly secrets?: readonly (string | undefined)[]
}

export interface HttpRequest {
  readonly url: URL | string
  /** Default POST. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Compress the body. */
  readonly gzip?: boolean
  /** Whether an answer of success is one of the service: the login page of a proxy has status 200, too. Default: any is. */
  readonly accepts?: (answer: Pick<HttpAnswer, 'status' | 'headers' | 'body'>) => boolean
  /** Takes the body of an answer 200 in pieces, of any size in all; the answer's is empty then. Must not throw. */
  readonly each?: (piece: Buffer) => void
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
  /** The body is only the beginning of it. */
  readonly cut: boolean
  /** Retry-After, in milliseconds. */
  readonly after?: number
  /** `output: host`, for messages. */
  readonly server: string
  /** The failure that the status means; undefined: the request succeeded. */
  readonly failure?: Failure
}

const gzipAsync = promisify(gzip)

/** Errors of a connection that the server closed while it was idle. */
const STALE = new Set(['ECONNRESET', 'EPIPE'])

/** Where a request goes. */
interface Address {
  readonly href: string
  readonly host: string
  readonly secure: boolean
  readonly options: RequestOptions
}

export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #agents: Agents
  readonly #inFlight = new Map<ClientRequest, AbortSignal>()
  /** Those that are listened to. */
  readonly #signals = new WeakSet<AbortSignal>()
  /** Of the last request: most go to the same place. */
  #address: Address | undefined
  #closed = false

  /** @throws {OutputError} when the proxy is not the URL of one, or this Node cannot use it */
  constructor(options: HttpClientOptions) {
    const { proxy, output } = options
    if (proxy) requireProxies(proxy, output)
    this.#options = options
    this.#agents = new Agents(options)
  }

  /** The client that a transport's options ask for. @throws {OutputError} */
  static of(
    options: Partial<OptionsOf<typeof HTTP_OPTIONS>>,
    rest: Omit<HttpClientOptions, 'tls' | 'proxy'>,
  ): HttpClient {
    return new HttpClient({ ...rest, proxy: options.proxy, tls: readTls(options, rest.output) })
  }

  /** One request. Never rejects; an answer of any status is an answer, with what it means in `failure`. */
  async request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | Failure> {
    const address = this.#addressOf(request.url)
    const { output } = this.#options
    try {
      return await this.#exchange(request, address, signal)
    } catch (error) {
      if (!signal.aborted) return connectionFailure(error, output, address.host)
      const server = `${output}: ${address.host}`
      if (signal.reason?.name !== 'TimeoutError') return failureOf(signal.reason, server)
      return { class: 'later', cause: 'timeout', message: `${server} did not answer in time` }
    }
  }

  #addressOf(url: URL | string): Address {
    const href = String(url)
    if (this.#address?.href !== href) {
      const parsed = new URL(href)
      const { host, protocol } = parsed
      const { hostname, port, path, auth } = urlToHttpOptions(parsed)
      const options = { hostname, port, path, ...(auth !== undefined && { auth }) }
      this.#address = { href, host, secure: protocol === 'https:', options }
    }
    return this.#address
  }

  /** A request whose status alone decides. undefined: it succeeded. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<Failure | undefined> {
    const answer = await this.request(request, signal)
    return isFailure(answer) ? answer : answer.failure
  }

  /** Ends requests in flight, too. */
  close(): void {
    this.#closed = true
    this.#end()
    this.#agents.close()
  }

  async #exchange(request: HttpRequest, address: Address, signal: AbortSignal): Promise<HttpAnswer> {
    const { body: content = '', method = 'POST' } = request
    const body = request.gzip ? await gzipAsync(content) : content
    const size = Buffer.byteLength(body)
    const headers: Record<string, string> = Object.create(null)
    headers['user-agent'] = this.#options.userAgent ?? 'falc'
    for (const name in request.headers) headers[name.toLowerCase()] = request.headers[name]!
    if (request.gzip) headers['content-encoding'] = 'gzip'
    headers['content-length'] = String(size)
    // Text of ASCII goes out with the head, in one write.
    const sent = typeof body === 'string' && size > body.length ? Buffer.from(body) : body
    for (let attempt = 0; ; attempt++) {
      const { response, error, reused } = await this.#begin(address, { method, headers }, sent, signal)
      if (response) return this.#read(response, request, address)
      // A kept connection may have been closed while the request was on its way: one for each connection.
      const stale = reused && STALE.has((error as NodeJS.ErrnoException).code ?? '')
      if (!stale || attempt >= (this.#options.sockets ?? 1)) throw error
    }
  }

  #begin(
    { secure, options }: Address,
    head: Pick<RequestOptions, 'method' | 'headers'>,
    body: string | Uint8Array,
    signal: AbortSignal,
  ): Promise<{ response?: IncomingMessage; error?: unknown; reused: boolean }> {
    return new Promise(resolve => {
      if (this.#closed || signal.aborted) return resolve({ error: closedError(), reused: false })
      const sent = secure
        ? httpsRequest({ ...options, ...head, agent: this.#agents.secure })
        : httpRequest({ ...options, ...head, agent: this.#agents.plain })
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

  /** The status decides; what follows it can neither fail a delivery nor fill memory. */
  async #read(response: IncomingMessage, request: HttpRequest, { host }: Address): Promise<HttpAnswer> {
    const server = `${this.#options.output}: ${host}`
    const status = response.statusCode ?? 0
    const each = status === 200 ? request.each : undefined
    const { body, cut } = await readUpTo(response, this.#options.maxAnswer ?? 64 * 1024, each)
    const after = retryAfter(response.headers['retry-after'])
    const { headers } = response
    const failure =
      statusFailure(status, server, after, status < 300 ? '' : this.excerpt(body, request)) ??
      (request.accepts?.({ status, headers, body }) === false ? strange({ status, server }) : undefined)
    return { status, headers, body, cut, server, ...(after !== undefined && { after }), ...(failure && { failure }) }
  }

  /** The beginning of what a server says, on one line, without secrets: it may repeat the request. */
  excerpt(text: string, request?: HttpRequest): string {
    const secrets = [...(this.#options.secrets ?? []), ...(request ? secretsOf(request) : [])]
    let shown = text
    for (const secret of secrets)
      if (secret !== undefined && secret.length >= 4) shown = shown.replaceAll(secret, '***')
    shown = shown.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
    return shown.length > 200 ? `${shown.slice(0, 200).toWellFormed()}…` : shown
  }
}

const upgraded = () => Object.assign(new Error('the receiver answered 101'), { code: 'bad_answer' })

const closedError = () => Object.assign(new Error('the output was closed'), { code: 'ABORT_ERR' })

/** Headers that hold credentials. */
const SECRET_HEADER = /auth|token|key|secret|signature|cookie/i

/** The secrets of a request. */
function secretsOf({ url, headers = {} }: HttpRequest): string[] {
  const { pathname, search, password } = new URL(url)
  const segments = pathname.split('/').filter(segment => segment.length >= 8)
  const credentials = Object.entries(headers).flatMap(([name, value]) =>
    SECRET_HEADER.test(name) && name.toLowerCase() !== 'idempotency-key' ? [value, ...value.split(/[\s,;&]+/)] : [],
  )
  return [search.slice(1), pathname.slice(1), password, ...segments, ...credentials]
}

/** Distinguishes a failure of `HttpClient.request` from an answer. */
export function isFailure(result: HttpAnswer | Failure): result is Failure {
  return 'class' in result
}

/**
 * An absolute URL of http or https. Messages do not quote it, since it may contain a secret.
 * @param option its name among the output's options
 * @throws {OutputError}
 */
export function httpUrl(text: string, output: string, option = 'url'): URL {
  if (!URL.canParse(text)) throw new OutputError('url', `${output}: ${option} is not a URL`, 'misconfigured')
  const url = new URL(text)
  if (url.protocol === 'http:' || url.protocol === 'https:') return url
  throw new OutputError('url', `${output}: ${option} must begin with http:// or https://`, 'misconfigured')
}

/** HTTP's Basic authentication; undefined without a user. */
export function basic(username: string | undefined, password = ''): string | undefined {
  return username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** The failure that an answer means which is not one of the service. */
export const strange = ({ status, server }: Pick<HttpAnswer, 'status' | 'server'>): Failure => ({
  class: 'later',
  cause: 'bad_answer',
  message: `${server} answered ${status}, but not as this service does`,
})

/** For services that answer with JSON. */
export const isJson = ({ body }: Pick<HttpAnswer, 'body'>): boolean => body.trimStart().startsWith('{')

/** Nothing of a request's text is in the messages of its errors, except that of a proxy's URL. */
function connectionFailure(error: unknown, output: string, host: string): Failure {
  const failure = failureOf(error, output)
  const message = failure.message.replace(/(\w+:\/\/)[^@/\s]*@/g, '$1***@')
  if (!TLS_ERRORS.test(failure.cause)) return { ...failure, message }
  return { ...failure, class: 'misconfigured', message: `${message} (${host})` }
}

/** Agents know proxies since Node 22.21 and 24.5. */
function requireProxies(proxy: string, output: string): void {
  httpUrl(proxy, output, 'proxy')
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
  if (major >= 25 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21)) return
  throw new OutputError('proxy', `${output}: proxies need Node 22.21, 24.5 or newer`, 'misconfigured')
}
