import { createHash } from 'node:crypto'
import { CliError } from '../fail.ts'
import { printable } from '../printable.ts'
import { readFile } from '../read-file.ts'
import type { Reference } from './reference.ts'

/** A registry's failure. `again`: a later attempt may succeed. */
export class RegistryError extends CliError {
  readonly again: boolean

  constructor(message: string, again: boolean) {
    super(printable(message))
    this.again = again
  }
}

export interface RegistryOptions {
  /** Registries that are reached by HTTP. */
  readonly plain: readonly string[]
  /** Docker's config.json with credentials; undefined: there are none. */
  readonly credentials?: string | undefined
  /** Milliseconds for each request. Default 30,000. */
  readonly timeout?: number
}

export interface Manifest {
  readonly digest: string
  readonly bytes: Buffer
}

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

const MAX_MANIFEST = 1024 * 1024
const MAX_TOKEN = 64 * 1024
const MAX_REDIRECTS = 3

/** One repository of a registry (OCI distribution). Its answers are limited, and checked against their digests. */
export class Repository {
  readonly #base: URL
  readonly #where: Reference
  readonly #options: RegistryOptions
  #authorization: string | undefined

  constructor(where: Reference, options: RegistryOptions) {
    const scheme = options.plain.includes(where.registry) ? 'http' : 'https'
    this.#base = new URL(`${scheme}://${where.registry}/v2/${where.repository}/`)
    this.#where = where
    this.#options = options
  }

  /** @param version a tag or a digest @throws {RegistryError} */
  async manifest(version: string): Promise<Manifest> {
    const response = await this.#send('GET', `manifests/${version}`, { accept: MANIFEST })
    const bytes = await bodyOf(response, MAX_MANIFEST)
    const digest = digestOf(bytes)
    if (version.startsWith('sha256:') && version !== digest)
      throw new RegistryError(`${version} has other bytes`, false)
    return { digest, bytes }
  }

  /** undefined: there is none. @throws {RegistryError} */
  async findManifest(version: string): Promise<Manifest | undefined> {
    return this.manifest(version).catch(error => {
      if (error instanceof MissingError) return undefined
      throw error
    })
  }

  /** @param size bytes that it has @throws {RegistryError} also when it has other bytes than its digest says */
  async blob(digest: string, size: number): Promise<Buffer> {
    const bytes = await bodyOf(await this.#send('GET', `blobs/${digest}`), size)
    if (digestOf(bytes) !== digest) throw new RegistryError(`blob ${digest} has other bytes`, false)
    return bytes
  }

  /** @returns its digest @throws {RegistryError} */
  async pushBlob(bytes: Buffer): Promise<string> {
    const digest = digestOf(bytes)
    const known = await this.#send('HEAD', `blobs/${digest}`).catch(error => {
      if (error instanceof MissingError) return undefined
      throw error
    })
    if (known) return digest
    const begun = await this.#send('POST', 'blobs/uploads/')
    const location = begun.headers.get('location')
    if (location === null) throw new RegistryError('the registry does not say where to upload', false)
    const to = new URL(location, this.#base)
    to.searchParams.append('digest', digest)
    await this.#send('PUT', to.href, { 'content-type': 'application/octet-stream' }, bytes)
    return digest
  }

  /** @throws {RegistryError} */
  async pushManifest(version: string, bytes: Buffer): Promise<string> {
    await this.#send('PUT', `manifests/${version}`, { 'content-type': MANIFEST }, bytes)
    return digestOf(bytes)
  }

  async #send(method: string, path: string, headers: Record<string, string> = {}, body?: Buffer): Promise<Response> {
    const first = await this.#follow(method, new URL(path, this.#base), headers, body)
    if (first.status !== 401) return answered(first, method, path)
    this.#authorization = await this.#authorize(first.headers.get('www-authenticate') ?? '', method)
    return answered(await this.#follow(method, new URL(path, this.#base), headers, body), method, path)
  }

  /** Follows redirections. Another host gets no credentials, and none is left for one without TLS. */
  async #follow(method: string, from: URL, headers: Record<string, string>, body?: Buffer): Promise<Response> {
    let url = from
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const own = url.origin === this.#base.origin
      const sent = { ...headers, ...(own && this.#authorization && { authorization: this.#authorization }) }
      const response = await this.#fetch(url, { method, headers: sent, ...(body && { body: new Uint8Array(body) }) })
      if (response.status === 401 && !own) {
        await response.body?.cancel()
        // Its challenge would say where the registry's credentials are to be sent.
        throw new RegistryError(`${url.host} wants credentials`, false)
      }
      const location = response.headers.get('location')
      if (response.status < 300 || response.status > 399 || location === null) return response
      if (method !== 'GET' && method !== 'HEAD') throw new RegistryError(`${method} is redirected`, false)
      await response.body?.cancel()
      const next = new URL(location, url)
      if (next.protocol !== 'https:' && next.origin !== this.#base.origin)
        throw new RegistryError(`redirected to ${next.origin}, which has no TLS`, false)
      url = next
    }
    throw new RegistryError('redirected too often', false)
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    const { timeout = 30_000 } = this.#options
    try {
      return await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeout) })
    } catch (error) {
      throw new RegistryError(`${url.host}: ${failureOf(error as Error)}`, true)
    }
  }

  /** The authorisation that the registry asks for (Docker's token flow, or basic). */
  async #authorize(challenge: string, method: string): Promise<string> {
    const basic = this.#credentials()
    if (/^basic\b/i.test(challenge) && basic !== undefined) return basic
    const given = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]))
    if (!/^bearer\b/i.test(challenge) || !URL.canParse(given.realm ?? ''))
      throw new RegistryError(`${this.#where.registry} wants credentials`, false)
    const realm = new URL(given.realm!)
    const isPlain = this.#base.protocol === 'http:' && realm.hostname === this.#base.hostname
    if (realm.protocol !== 'https:' && !isPlain)
      throw new RegistryError(`tokens are to come from ${realm.origin}, which has no TLS`, false)
    if (given.service) realm.searchParams.set('service', given.service)
    const actions = method === 'GET' || method === 'HEAD' ? 'pull' : 'pull,push'
    realm.searchParams.set('scope', `repository:${this.#where.repository}:${actions}`)
    const response = await this.#fetch(realm, { headers: basic === undefined ? {} : { authorization: basic } })
    const { token, access_token } = jsonOf(await bodyOf(answered(response, 'GET', realm.origin), MAX_TOKEN))
    const bearer = token ?? access_token
    if (typeof bearer !== 'string') throw new RegistryError(`${realm.origin} gave no token`, false)
    return `Bearer ${bearer}`
  }

  #credentials(): string | undefined {
    const { credentials } = this.#options
    if (credentials === undefined) return undefined
    const { auths } = readCredentials(credentials)
    const auth = auths?.[this.#where.registry]?.auth
    return typeof auth === 'string' ? `Basic ${auth}` : undefined
  }
}

class MissingError extends RegistryError {}

/** @throws {RegistryError} that names the file */
function readCredentials(path: string): { readonly auths?: Readonly<Record<string, { readonly auth?: unknown }>> } {
  try {
    return jsonOf(readFile(path))
  } catch (error) {
    throw new RegistryError(`credentials ${path}: ${(error as Error).message}`, false)
  }
}

function answered(response: Response, method: string, what: string): Response {
  const { status } = response
  if (response.ok) return response
  void response.body?.cancel()
  if (status === 404) throw new MissingError(`${what} is not in the registry`, false)
  throw new RegistryError(`${method} ${what} was answered with ${status}`, status === 429 || status >= 500)
}

/** A body of at most this many bytes. @throws {RegistryError} */
export async function bodyOf(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > maxBytes) throw new RegistryError(`more than the ${maxBytes} bytes that it may have`, false)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof RegistryError) throw error
    throw new RegistryError((error as Error).message, true)
  }
  return Buffer.concat(chunks)
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** @throws {RegistryError} when it is not a JSON object */
export function jsonOf(bytes: Uint8Array): Record<string, any> {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {}
  throw new RegistryError('not a JSON object', false)
}

/** Why there is no answer: fetch itself only says that it has failed. */
export function failureOf({ message, cause }: Error): string {
  if (!(cause instanceof Error)) return message
  // Several addresses that all failed have no message.
  return cause.message || (cause as NodeJS.ErrnoException).code || message
}
