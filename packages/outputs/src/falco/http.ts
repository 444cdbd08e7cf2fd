import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Answer, Failure } from '../model/answer.ts'
import { type Output, OutputError, outputError } from '../model/output.ts'
import type { Item } from '../model/transport.ts'
import { HttpClient, isFailure } from '../net/http-client.ts'
import { readFile } from '../net/read-file.ts'
import { readPair, type TlsMaterial } from '../net/tls.ts'
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
  /** The part of an answer that is printed. Default: the answer to the letter. */
  readonly printed?: (answer: string) => string
  readonly compressUploads?: boolean
  readonly keepAlive?: boolean
  /** A request that timed out is repeated at once this many times, then with growing pauses. Default 5. */
  readonly maxConsecutiveTimeouts?: number
  /** Milliseconds that a server has to answer. Default 10,000. */
  readonly timeout?: number
}

const NAME = 'http output'

/** One POST for each alert. */
export class HttpOutput implements Output {
  readonly name = 'http'
  readonly batch = { items: 1 }
  readonly #options: HttpOptions
  readonly #url: URL
  #client: HttpClient
  #timeouts = 0

  /** @throws {OutputError} when the URL is not one of http or https, or a certificate cannot be read */
  constructor(options: HttpOptions) {
    this.#options = options
    this.#url = parseUrl(options.url)
    this.#client = connect(this.#url, options)
  }

  async open(): Promise<this> {
    return this
  }

  async send(items: readonly Item[]): Promise<Answer> {
    for (const [delivered, item] of items.entries()) {
      const failure = await this.#post(item.body)
      if (failure) return { delivered, failure }
    }
    return { delivered: items.length }
  }

  /** Reloads certificates and reconnects. @throws {OutputError} when a certificate cannot be read; the old one stays in use */
  async reopen(): Promise<void> {
    const client = connect(this.#url, this.#options)
    this.#client.close()
    this.#client = client
  }

  async close(): Promise<void> {
    this.#client.close()
  }

  async #post(line: string): Promise<Failure | undefined> {
    const { json, compressUploads = false, echo, printed = String, timeout = 10_000 } = this.#options
    const headers = { 'Content-Type': json ? 'application/json' : 'text/plain' }
    const request = { url: this.#url, headers, body: line, gzip: compressUploads }
    const answer = await this.#client.request(request, AbortSignal.timeout(timeout))
    if (!isFailure(answer)) {
      this.#timeouts = 0
      // The alert is delivered by now: a standard output that takes nothing is no loss of it.
      if (echo) await FILES.write(1, Buffer.from(printed(answer.body)), 0).catch(() => {})
      return answer.failure
    }
    if (answer.cause !== 'timeout') return answer
    const again = this.#timeouts++ < (this.#options.maxConsecutiveTimeouts ?? 5)
    const message = `${NAME}: ${this.#url.host} did not answer within ${timeout} ms`
    return { ...answer, message, ...(again && { after: 0 }) }
  }
}

function parseUrl(text: string): URL {
  // Falco accepts quotes around the URL.
  const bare = text.replace(/^(["'])(.*)\1$/, '$2')
  // It may hold a password: it is not shown.
  if (!URL.canParse(bare)) throw new OutputError('url', `${NAME}: url is not a URL`)
  const url = new URL(bare)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new OutputError('url', `${NAME}: url must begin with http:// or https://`)
  return url
}

function connect(url: URL, options: HttpOptions): HttpClient {
  const { keepAlive = false, userAgent = 'falcosecurity/falco' } = options
  const tls = url.protocol === 'https:' ? tlsOf(options) : undefined
  return new HttpClient({ output: NAME, keepAlive, userAgent, ...(tls && { tls }) })
}

function tlsOf(options: HttpOptions): TlsMaterial {
  try {
    const ca = authorities(options)
    const { clientCert = '', clientKey = '' } = options
    const own = options.mtls ? readPair(clientCert, clientKey) : {}
    // Malformed certificates are found here and not at the first connection.
    createSecureContext({ ...own, ...(ca && { ca }) })
    return { ...own, ...(ca && { ca }), rejectUnauthorized: !options.insecure }
  } catch (error) {
    throw outputError(error, NAME)
  }
}

/** As in Falco, the first of ca_cert, ca_bundle, ca_path is used; without any, the system's authorities. */
function authorities({ caCert, caBundle, caPath }: HttpOptions): Buffer[] | undefined {
  if (caCert) return [readFile(caCert)]
  if (caBundle) return [readFile(caBundle)]
  if (!caPath) return undefined
  return readdirSync(caPath)
    .filter(name => /\.(pem|crt|cer|0)$/.test(name))
    .map(name => readFile(join(caPath, name)))
}
