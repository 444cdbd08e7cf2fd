/** Requests to the API server. Writes identify their object; a dry run is processed by the server but not stored. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type HttpAnswer, HttpClient, isFailure } from '@falc/outputs'
import { readFile } from '@falc/outputs/read-file'
import type { KubeConfig } from './config.ts'
import { type Executed, executeAt } from './exec.ts'

/** A pod has some ten thousand bytes; a list of those of a node, some hundred of them. */
const MAX_ANSWER = 16 << 20
/** Milliseconds for which a token from a file is used. */
const TOKEN_MS = 60_000
/** How often a write that the server asks to repeat is repeated. */
const ATTEMPTS = 5
/** Milliseconds until a request that was refused with 429 is repeated, if the server does not ask for more. */
const PAUSE = 100

export interface KubeAnswer {
  readonly status: number
  /** An object, or a Status. */
  readonly body: any
  /** The body as it came: logs are text, even where they look like an object. */
  readonly text?: string
  /** It was too long, or the connection broke: `body` is nothing then. */
  readonly cut?: boolean
  /** Why there is no answer: no connection, a timeout. */
  readonly problem?: string
  /** Milliseconds that the server asks to wait. */
  readonly after?: number
}

export interface KubeRequest {
  readonly method: string
  readonly path: string
  /** Default `application/json`. */
  readonly type?: string
  readonly body?: unknown
  readonly query?: Readonly<Record<string, string>>
  /** Default `application/json`. */
  readonly accept?: string
  /** Takes the body of an answer 200 in pieces. Must not throw. */
  readonly each?: (piece: Buffer) => void
}

export class KubeClient {
  readonly #config: KubeConfig
  readonly #http: HttpClient
  #token: { readonly text: string; readonly until: number } | undefined

  /**
   * @param sockets requests at the same time: further ones wait
   * @throws {Error} when a certificate cannot be read
   */
  constructor(config: KubeConfig, sockets = 8) {
    const { tls_ca, tls_cert, tls_key, tls_insecure = false } = config
    this.#config = config
    this.#http = HttpClient.of(
      { tls_ca, tls_cert, tls_key, tls_insecure },
      { output: 'kubernetes', sockets, maxAnswer: MAX_ANSWER },
    )
  }

  get(path: string, signal: AbortSignal, query?: KubeRequest['query']): Promise<KubeAnswer> {
    return this.read({ path, ...(query && { query }) }, signal)
  }

  read(request: Omit<KubeRequest, 'method' | 'type' | 'body'>, signal: AbortSignal): Promise<KubeAnswer> {
    return this.#send({ method: 'GET', ...request }, signal)
  }

  /** A write. A dry run stores nothing, and is refused where the write would be. */
  write(request: KubeRequest, dry: boolean, signal: AbortSignal): Promise<KubeAnswer> {
    // The API server takes these of every write but deletions, which have no strict validation.
    const strict: Record<string, string> =
      request.method === 'DELETE' ? {} : { fieldManager: 'falc', fieldValidation: 'Strict' }
    const query = { ...strict, ...request.query, ...(dry && { dryRun: 'All' }) }
    return this.#send({ ...request, query }, signal)
  }

  /** What the API server only passes on: it takes neither a dry run nor a body. */
  post(path: string, signal: AbortSignal): Promise<KubeAnswer> {
    return this.#send({ method: 'POST', path }, signal)
  }

  /** A command in a container, without standard input. What it writes is kept up to 64 KiB. */
  async exec(path: string, container: string, command: readonly string[], signal: AbortSignal): Promise<Executed> {
    const url = new URL(path, this.#config.server)
    for (const word of command) url.searchParams.append('command', word)
    for (const [name, value] of Object.entries({ container, stdout: 'true', stderr: 'true' }))
      url.searchParams.set(name, value)
    try {
      const executed = await executeAt(url, this.#bearer(), this.#config, signal)
      if (executed.refused?.status !== 401 || !this.#token) return executed
      // A token may have been renewed since it was read.
      this.#token = undefined
      return await executeAt(url, this.#bearer(), this.#config, signal)
    } catch (error) {
      // A file with credentials cannot be read: nothing was sent.
      return { stdout: '', stderr: '', left: 0, refused: { status: 0, body: { message: (error as Error).message } } }
    }
  }

  close(): void {
    this.#http.close()
  }

  async #send(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#once(request, signal)
      // A token may have been renewed since it was read.
      if (answer.status === 401 && attempt === 1 && this.#token) this.#token = undefined
      else if (answer.status !== 429 || attempt >= ATTEMPTS) return answer
      else await sleep(answer.after ?? PAUSE, undefined, { signal }).catch(() => {})
      if (signal.aborted) return answer
    }
  }

  async #once(
    { method, path, type = 'application/json', body, query = {}, accept = 'application/json', each }: KubeRequest,
    signal: AbortSignal,
  ): Promise<KubeAnswer> {
    const url = new URL(path, this.#config.server)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    let token: string | undefined
    try {
      token = this.#bearer()
    } catch (error) {
      // Its file may be there again for the next request.
      return { status: 0, body: {}, problem: (error as Error).message }
    }
    const headers = {
      accept,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': type }),
    }
    const text = body === undefined ? '' : JSON.stringify(body)
    const answer = await this.#http.request({ url, method, headers, body: text, ...(each && { each }) }, signal)
    if (isFailure(answer)) return { status: 0, body: {}, problem: answer.message }
    if (each && answer.status === 200) return { status: 200, body: {} }
    const after = answer.after !== undefined && { after: answer.after }
    const cut = answer.cut && { cut: true }
    return { status: answer.status, body: bodyOf(answer), text: answer.body, ...cut, ...after }
  }

  #bearer(): string | undefined {
    const { token } = this.#config
    if (token === undefined) return undefined
    if ('text' in token) return token.text
    if (!this.#token || this.#token.until < Date.now())
      this.#token = { text: readFile(token.file).toString('utf8').trim(), until: Date.now() + TOKEN_MS }
    return this.#token.text
  }
}

function bodyOf({ body }: HttpAnswer): any {
  try {
    return JSON.parse(body)
  } catch {
    return { message: body.slice(0, 500) }
  }
}

/** Of an object, or of the list of a kind. */
export interface KubePlace {
  /** Empty: the core group. */
  readonly group: string
  readonly version: string
  /** Plural, as in paths and roles: `pods`. */
  readonly resource: string
  readonly namespace?: string
  /** Empty: all of them. */
  readonly name: string
}

/** `/api/v1/namespaces/shop/pods/web-1`. Names are escaped: none can leave its place. */
export function pathOf({ group, version, resource, namespace, name }: KubePlace, subresource?: string): string {
  const api = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const one = name === '' ? '' : `/${encodeURIComponent(name)}`
  return `${api}${scope}/${resource}${one}${subresource === undefined ? '' : `/${subresource}`}`
}
