/** Requests to the API server: writes say which object they mean, and a dry run goes all the way but the store. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HttpAnswer, HttpClient, isFailure } from '@falc/outputs'
import type { Answer, KubeObject } from '../model/call.ts'
import type { KubeConfig } from './config.ts'

/** A pod has some ten thousand bytes; a list of those of a node, some hundred of them. */
const MAX_ANSWER = 16 << 20
/** Milliseconds for which a token from a file is used. */
const TOKEN_MS = 60_000
/** How often a write that the server asks to repeat is repeated. */
const ATTEMPTS = 5

export interface KubeAnswer {
  readonly status: number
  /** An object, or a Status. */
  readonly body: any
  /** Why it is none: no connection, no answer. */
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
}

export class KubeClient {
  readonly #config: KubeConfig
  readonly #http: HttpClient
  #token: { readonly text: string; readonly until: number } | undefined

  /** @throws {Error} when a certificate cannot be read */
  constructor(config: KubeConfig) {
    const { tls_ca, tls_cert, tls_key, tls_insecure = false } = config
    this.#config = config
    this.#http = HttpClient.of(
      { tls_ca, tls_cert, tls_key, tls_insecure },
      { output: 'kubernetes', sockets: 8, maxAnswer: MAX_ANSWER },
    )
  }

  get(path: string, signal: AbortSignal, query?: KubeRequest['query']): Promise<KubeAnswer> {
    return this.#send({ method: 'GET', path, ...(query && { query }) }, signal)
  }

  /** A write. A dry run stores nothing, and is refused where the write would be. */
  write(request: KubeRequest, dry: boolean, signal: AbortSignal): Promise<KubeAnswer> {
    // The API server takes these of every write but deletions, which have no strict validation.
    const strict: Record<string, string> =
      request.method === 'DELETE' ? {} : { fieldManager: 'falc', fieldValidation: 'Strict' }
    const query = { ...strict, ...request.query, ...(dry && { dryRun: 'All' }) }
    return this.#send({ ...request, query }, signal)
  }

  close(): void {
    this.#http.close()
  }

  async #send(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#once(request, signal)
      // A token may have been renewed since it was read.
      if (answer.status === 401 && attempt === 1 && this.#token) this.#token = undefined
      else if (answer.status !== 429 || answer.after === undefined || attempt >= ATTEMPTS) return answer
      else await sleep(answer.after, undefined, { signal }).catch(() => {})
      if (signal.aborted) return answer
    }
  }

  async #once(
    { method, path, type = 'application/json', body, query = {} }: KubeRequest,
    signal: AbortSignal,
  ): Promise<KubeAnswer> {
    const url = new URL(path, this.#config.server)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const token = this.#bearer()
    const headers = {
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': type }),
    }
    const text = body === undefined ? '' : JSON.stringify(body)
    const answer = await this.#http.request({ url, method, headers, body: text }, signal)
    if (isFailure(answer)) return { status: 0, body: {}, problem: answer.message }
    return { status: answer.status, body: bodyOf(answer), ...(answer.after !== undefined && { after: answer.after }) }
  }

  #bearer(): string | undefined {
    const { token } = this.#config
    if (token === undefined) return undefined
    if ('text' in token) return token.text
    if (!this.#token || this.#token.until < Date.now())
      this.#token = { text: readFileSync(token.file, 'utf8').trim(), until: Date.now() + TOKEN_MS }
    return this.#token.text
  }
}

/** Logs are text. */
function bodyOf({ body }: HttpAnswer): any {
  try {
    return JSON.parse(body)
  } catch {
    return { message: body.slice(0, 500), text: body }
  }
}

/** `/api/v1/namespaces/shop/pods/web-1`. Names are escaped: none can leave its place. */
export function pathOf({ group, version, resource, namespace, name }: KubeObject, subresource?: string): string {
  const api = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const one = name === '' ? '' : `/${encodeURIComponent(name)}`
  return `${api}${scope}/${resource}${one}${subresource === undefined ? '' : `/${subresource}`}`
}

/** What an answer to a write means. */
export function answerOf({ status, body, problem }: KubeAnswer): Answer {
  if (problem !== undefined) return { outcome: 'undecided', said: problem }
  if (status < 300) return { outcome: 'done', said: '' }
  const said = `${status} ${body?.reason ?? ''}: ${String(body?.message ?? '').slice(0, 500)}`
  if (status === 404) return { outcome: 'gone', said }
  // A conflict about a UID: the object is another one.
  if (status === 409) return { outcome: 'gone', said }
  if (status === 401 || status === 403 || status === 422 || status === 400) return { outcome: 'refused', said }
  return { outcome: status >= 500 ? 'undecided' : 'failed', said }
}
