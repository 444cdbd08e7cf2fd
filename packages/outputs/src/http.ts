import { readdirSync, readFileSync } from 'node:fs'
import { Agent, type ClientRequestArgs, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AgentOptions, request as httpsRequest, Agent as SecureAgent } from 'node:https'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { type Answer, type Failure, failureOf, retryAfter, statusFailure } from './answer.ts'
import { type Message, type Output, OutputError, outputError } from './output.ts'
import { FILES } from './write.ts'

/** Falco's http_output. Paths are of PEM files. */
export interface HttpOptions {
  readonly url: string
  readonly json: boolean
  readonly userAgent?: string
  readonly insecure?: boolean
  readonly caCert?: string
  readonly caBundle?: string
  readonly caPath?: string
  readonly mtls?: boolean
  readonly clientCert?: string
  readonly clientKey?: string
  /** Print the server's answers on standard output. */
  readonly echo?: boolean
  readonly compressUploads?: boolean
  readonly keepAlive?: boolean
  /** A request that timed out is repeated at once this many times, then with growing pauses. Default 5. */
  readonly maxConsecutiveTimeouts?: number
  /** Milliseconds that a server has to answer. Default 10,000. */
  readonly timeout?: number
}

const NAME = 'http output'

/** Bytes of an answer that are read; a longer one is cut off with its connection. */
const MAX_ANSWER = 64 * 1024

/** One POST for each alert. */
export class HttpOutput implements Output {
  readonly name = 'http'
  readonly maxBatch = 1
  readonly #options: HttpOptions
  readonly #url: URL
  readonly #closing = new AbortController()
  #agent: Agent
  #timeouts = 0

  /** @throws {OutputError} when the URL is not one of http or https, or a certificate cannot be read */
  constructor(options: HttpOptions) {
    this.#options = options
    this.#url = parseUrl(options.url)
    this.#agent = makeAgent(this.#url, options)
  }

  async open(): Promise<void> {}

  async send(messages: readonly Message[]): Promise<Answer> {
    for (const [delivered, message] of messages.entries()) {
      const failure = await this.#post(message.line)
      if (failure) return { delivered, failure }
    }
    return { delivered: messages.length }
  }

  /** Reads certificates and connects anew. @throws {OutputError} when a certificate cannot be read; the old one stays in use */
  async reopen(): Promise<void> {
    const agent = makeAgent(this.#url, this.#options)
    this.#agent.destroy()
    this.#agent = agent
  }

  async close(force = false): Promise<void> {
    if (force) this.#closing.abort()
    this.#agent.destroy()
  }

  async #post(line: string): Promise<Failure | undefined> {
    const { json, userAgent = 'falcosecurity/falco', compressUploads, echo, timeout = 10_000 } = this.#options
    const body = compressUploads ? gzipSync(line) : Buffer.from(line)
    const deadline = AbortSignal.timeout(timeout)
    try {
      const answer = await exchange(this.#url, body, echo ?? false, {
        method: 'POST',
        agent: this.#agent,
        signal: AbortSignal.any([deadline, this.#closing.signal]),
        headers: {
          'Content-Type': json ? 'application/json' : 'text/plain',
          'Content-Length': body.length,
          'User-Agent': userAgent,
          ...(compressUploads ? { 'Content-Encoding': 'gzip' } : {}),
        },
      })
      this.#timeouts = 0
      // The alert is delivered by now: a standard output that takes nothing is no loss of it.
      if (echo) await FILES.write(1, Buffer.from(answer.body), 0).catch(() => {})
      return statusFailure(answer.status, this.#url.host, answer.after)
    } catch (error) {
      if (!deadline.aborted) return failureOf(error, NAME)
      const again = this.#timeouts++ < (this.#options.maxConsecutiveTimeouts ?? 5)
      const message = `${NAME}: ${this.#url.host} did not answer within ${timeout} ms`
      return { class: 'later', cause: 'timeout', message, ...(again && { after: 0 }) }
    }
  }
}

function parseUrl(text: string): URL {
  // Falco accepts quotes around the URL.
  const bare = text.replace(/^(["'])(.*)\1$/, '$2')
  if (!URL.canParse(bare)) throw new OutputError('url', `${NAME}: not a URL: ${text}`)
  const url = new URL(bare)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new OutputError('url', `${NAME}: the URL must begin with http:// or https://: ${text}`)
  return url
}

function makeAgent(url: URL, options: HttpOptions): Agent {
  const keepAlive = options.keepAlive ?? false
  if (url.protocol === 'http:') return new Agent({ keepAlive, maxSockets: 1 })
  try {
    const tls: AgentOptions = { keepAlive, maxSockets: 1, rejectUnauthorized: !options.insecure }
    const ca = authorities(options)
    if (ca) tls.ca = ca
    if (options.mtls) {
      tls.cert = readFileSync(options.clientCert ?? '')
      tls.key = readFileSync(options.clientKey ?? '')
    }
    // Malformed certificates, and a key of another one, are found here and not at the first connection.
    createSecureContext({ cert: tls.cert, key: tls.key, ca: tls.ca })
    return new SecureAgent(tls)
  } catch (error) {
    throw outputError(error, NAME)
  }
}

/** As in Falco, the first of ca_cert, ca_bundle, ca_path is used; without any, the system's authorities. */
function authorities({ caCert, caBundle, caPath }: HttpOptions): Buffer[] | undefined {
  if (caCert) return [readFileSync(caCert)]
  if (caBundle) return [readFileSync(caBundle)]
  if (!caPath) return undefined
  return readdirSync(caPath)
    .filter(name => /\.(pem|crt|cer|0)$/.test(name))
    .map(name => readFileSync(join(caPath, name)))
}

interface HttpAnswer {
  readonly status: number
  /** Its beginning, if it was asked for. */
  readonly body: string
  /** Retry-After, in milliseconds. */
  readonly after?: number
}

/** The status decides; what follows it can neither delay nor fail a delivery. */
function exchange(url: URL, body: Buffer, wantsBody: boolean, args: ClientRequestArgs): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, args)
    request.on('error', reject)
    request.on('response', (response: IncomingMessage) => {
      const after = retryAfter(response.headers['retry-after'])
      const answer = { status: response.statusCode ?? 0, ...(after !== undefined && { after }) }
      const chunks: Buffer[] = []
      let size = 0
      const done = () => resolve({ ...answer, body: wantsBody ? Buffer.concat(chunks).toString() : '' })
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (wantsBody && size <= MAX_ANSWER) chunks.push(chunk)
        if (size > MAX_ANSWER) request.destroy()
      })
      response.on('close', done)
      response.on('error', done)
    })
    request.end(body)
  })
}
