import { readdirSync, readFileSync } from 'node:fs'
import { Agent, type ClientRequestArgs, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AgentOptions, request as httpsRequest, Agent as SecureAgent } from 'node:https'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { type Message, type Output, OutputError, outputError } from './output.ts'
import { writeFd } from './write.ts'

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
  /** How many times a request that timed out is tried again. */
  readonly maxConsecutiveTimeouts?: number
  /** Milliseconds that a server has for its answer. */
  readonly timeout?: number
}

/** One POST for each alert. */
export class HttpOutput implements Output {
  readonly name = 'http'
  readonly maxBatch = 1
  retries = 0
  readonly #options: HttpOptions
  readonly #url: URL
  #agent: Agent

  /** @throws {OutputError} when the URL is not one of http or https, or a certificate file cannot be read */
  constructor(options: HttpOptions) {
    this.#options = options
    this.#url = parseUrl(options.url)
    this.#agent = makeAgent(this.#url, options)
  }

  async open(): Promise<void> {}

  async send(messages: readonly Message[]): Promise<void> {
    for (const [i, message] of messages.entries()) {
      try {
        await this.#post(message.line)
      } catch (error) {
        throw outputError(error, 'http output', 1, i)
      }
    }
  }

  /** Certificates are read again, connections are made anew. */
  async reopen(): Promise<void> {
    const agent = makeAgent(this.#url, this.#options)
    this.#agent.destroy()
    this.#agent = agent
  }

  async close(): Promise<void> {
    this.#agent.destroy()
  }

  async #post(line: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt(line)
      } catch (error) {
        const timedOut = (error as OutputError).code === 'timeout'
        if (!timedOut || attempt >= (this.#options.maxConsecutiveTimeouts ?? 5)) throw error
        this.retries++
      }
    }
  }

  async #attempt(line: string): Promise<void> {
    const { json, userAgent = 'falcosecurity/falco', compressUploads, echo, timeout = 10_000 } = this.#options
    const body = compressUploads ? gzipSync(line) : Buffer.from(line)
    const answer = await exchange(this.#url, body, timeout, {
      method: 'POST',
      agent: this.#agent,
      headers: {
        'Content-Type': json ? 'application/json' : 'text/plain',
        'Content-Length': body.length,
        'User-Agent': userAgent,
        ...(compressUploads ? { 'Content-Encoding': 'gzip' } : {}),
      },
    })
    // The alert is through by now: a standard output that takes nothing more is no loss of it.
    if (echo) await writeFd(1, answer.body).catch(() => {})
    if (answer.status >= 400) {
      throw new OutputError(`http_${answer.status}`, `http output: ${this.#url.host} answered ${answer.status}`, 1)
    }
  }
}

function parseUrl(text: string): URL {
  // Falco takes the URL with quotes around it, too.
  const bare = text.replace(/^(["'])(.*)\1$/, '$2')
  if (!URL.canParse(bare)) throw new OutputError('url', `http output: not a URL: ${text}`, 0)
  const url = new URL(bare)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new OutputError('url', `http output: the URL must begin with http:// or https://: ${text}`, 0)
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
    return new SecureAgent(tls)
  } catch (error) {
    throw outputError(error, 'http output', 0)
  }
}

/** As in Falco the first of ca_cert, ca_bundle, ca_path counts; none: the system's. */
function authorities({ caCert, caBundle, caPath }: HttpOptions): Buffer[] | undefined {
  if (caCert) return [readFileSync(caCert)]
  if (caBundle) return [readFileSync(caBundle)]
  if (!caPath) return undefined
  return readdirSync(caPath)
    .filter(name => /\.(pem|crt|cer|0)$/.test(name))
    .map(name => readFileSync(join(caPath, name)))
}

function exchange(
  url: URL,
  body: Buffer,
  timeout: number,
  args: ClientRequestArgs,
): Promise<{ status: number; body: string }> {
  const signal = AbortSignal.timeout(timeout)
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(signal.aborted ? new OutputError('timeout', `http output: no answer within ${timeout} ms`, 1) : error)
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { ...args, signal })
    request.on('error', fail)
    request.on('response', (response: IncomingMessage) => {
      readText(response).then(text => resolve({ status: response.statusCode ?? 0, body: text }), fail)
    })
    request.end(body)
  })
}
