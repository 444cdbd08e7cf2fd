/**
 * The HTTP client of all outputs. A request returns an answer or a failure, and never throws. Answers are read up to a limit, redirects are
 * not followed, and messages contain only the host of a URL.
 */
import { urlToHttpOptions } from 'node:url'
import { type Failure, failureOf, retryAfter, statusFailure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import type { OptionsOf, OptionTable } from '../model/transport.ts'
import { decoded } from '../text/decoded.ts'
import { type AgentsOptions, proxiesOf } from './agents.ts'
import { DirectExchange, type Exchange, type Incoming, type Outgoing } from './exchange.ts'
import { HttpThread } from './http-thread.ts'
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

export interface HttpClientOptions extends Omit<AgentsOptions, 'proxies'> {
  /** URL of a proxy; null: none, whatever the environment says. Default: the environment's. */
  readonly proxy?: string | undefined | null
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

export interface HttpAnswer extends Incoming {
  /** Retry-After, in milliseconds. */
  readonly after?: number
  /** `output: host`, for messages. */
  readonly server: string
  /** The failure that the status means; undefined: the request succeeded. */
  readonly failure?: Failure
}

let thread: HttpThread | undefined

/**
 * While there are many requests, a thread of its own makes those of all clients created from now on: for programs whose main thread has
 * other things to do. Requests whose answer is taken in pieces stay in the main thread.
 * @param burst requests within a second after which the thread starts
 */
export function useHttpThread(burst = 20): void {
  thread ??= new HttpThread(burst)
}

/** Where a request goes. */
interface Address {
  readonly href: string
  readonly host: string
  readonly secure: boolean
  readonly place: Outgoing['place']
}

export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #connections: Exchange
  /** Of the last request: most go to the same place. */
  #address: Address | undefined

  /** @throws {OutputError} when the proxy is not the URL of one, or this Node cannot use it */
  constructor(options: HttpClientOptions) {
    const { proxy, output } = options
    if (proxy) requireProxies(proxy, output)
    this.#options = options
    const { tls, keepAlive = true, sockets = 1 } = options
    const agents = { keepAlive, sockets, proxies: proxiesOf(proxy), ...(tls && { tls }) }
    this.#connections = thread?.client(agents) ?? new DirectExchange(agents)
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
      const { host, protocol, username, password } = parsed
      const auth = username || password ? `${decoded(username)}:${decoded(password)}` : undefined
      // Node throws for a password that it cannot decode.
      Object.assign(parsed, { username: '', password: '' })
      const { hostname, port, path } = urlToHttpOptions(parsed)
      const place = { hostname, port, path, ...(auth !== undefined && { auth }) }
      this.#address = { href, host, secure: protocol === 'https:', place }
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
    this.#connections.close()
  }

  /** The status decides; what follows it can neither fail a delivery nor fill memory. */
  async #exchange(request: HttpRequest, { secure, place, host }: Address, signal: AbortSignal): Promise<HttpAnswer> {
    const { maxAnswer = 64 * 1024, userAgent = 'falc', output } = this.#options
    const { method = 'POST', body = '', gzip = false, each } = request
    const headers: Record<string, string> = Object.create(null)
    headers['user-agent'] = userAgent
    for (const name in request.headers) headers[name.toLowerCase()] = request.headers[name]!
    const sent = { secure, place, method, headers, body, gzip, maxAnswer }
    const answer = await this.#connections.exchange(sent, signal, each)
    const server = `${output}: ${host}`
    const after = retryAfter(answer.headers['retry-after'] as string | undefined)
    const reason = answer.status < 300 ? '' : this.excerpt(answer.body, request)
    const failure =
      statusFailure(answer.status, server, after, reason) ??
      (request.accepts?.(answer) === false ? strange({ status: answer.status, server }) : undefined)
    return { ...answer, server, ...(after !== undefined && { after }), ...(failure && { failure }) }
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
