/** Who may do what. Without tokens the console is open, and listens to this machine only. */
import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Refused } from './failure.ts'

/** `read`: see alerts. `triage`: decide about them. `respond`: act on what others receive. `admin`: change rules. `ingest`: send alerts. */
export const SCOPES = ['read', 'triage', 'respond', 'admin', 'ingest'] as const
export type Scope = (typeof SCOPES)[number]

export interface Token {
  readonly name: string
  /** SHA-256, 64 hex digits. */
  readonly hash: string
  readonly scopes: readonly Scope[]
  /** What they may see; undefined: all. */
  readonly namespaces?: readonly string[] | undefined
}

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')

/** A new token, and the line for the file of tokens, which does not have the token itself. */
export function newToken(name: string, scopes: readonly Scope[]): { readonly token: string; readonly line: string } {
  const token = `falc_${randomBytes(32).toString('base64url')}`
  return { token, line: `${name} ${scopes.join(',')} ${hashOf(token)}` }
}

/** Reads a file of tokens: `NAME SCOPES HASH` on each line, `#` begins a comment. @throws {Error} with the line that is malformed */
export function parseTokens(text: string): Token[] {
  return text.split('\n').flatMap((line, i) => {
    if (/^\s*(#|$)/.test(line)) return []
    const [name = '', list = '', hash = '', ...rest] = line.trim().split(/\s+/)
    const scopes = list.split(',')
    const known = scopes.every((scope): scope is Scope => SCOPES.includes(scope as Scope))
    if (!known || !/^[0-9a-f]{64}$/.test(hash) || rest.length > 0)
      throw new Error(`line ${i + 1} is not a name, scopes (${SCOPES.join(',')}) and a SHA-256 in hex`)
    return [{ name, scopes: scopes as Scope[], hash }]
  })
}

/** Whoever is on this machine. */
const ANYONE: Token = { name: 'local', hash: '', scopes: SCOPES }

const COOKIE = 'falc_session'
const SESSION_MS = 12 * 3_600_000
const MAX_SESSIONS = 1000

/** Wrong tokens that an address may send in a minute. */
const MAX_FAILURES = 10
const FAILURES_MS = 60_000

export class Auth {
  readonly #tokens: ReadonlyMap<string, Token>
  readonly #isOpen: boolean
  readonly #sessions = new Map<string, { readonly token: Token; readonly until: number }>()
  readonly #failures = new Map<string, { count: number; readonly until: number }>()

  /** @param tokens undefined: everything is allowed */
  constructor(tokens: readonly Token[] | undefined) {
    this.#isOpen = tokens === undefined
    this.#tokens = new Map((tokens ?? []).map(token => [token.hash, token]))
  }

  /** @throws {Refused} when the request may not do this */
  authorize(request: IncomingMessage, scope: Scope): Token {
    const token = this.who(request)
    if (!token.scopes.includes(scope)) throw new Refused(403, 'scope', `this needs the scope ${scope}`)
    return token
  }

  /** Who asks. @throws {Refused} when that is not known */
  who(request: IncomingMessage): Token {
    if (this.#isOpen) return ANYONE
    const token = this.#tokenOf(request)
    if (token === undefined) throw unknown()
    return token
  }

  /** Begins a session for a browser, whose EventSource sends no headers of its own. @returns the value of Set-Cookie @throws {Refused} */
  begin(request: IncomingMessage): string {
    if (this.#isOpen) return ''
    const token = this.#bearer(request)
    if (token === undefined) throw unknown()
    const id = randomBytes(32).toString('base64url')
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size < MAX_SESSIONS) break
      this.#sessions.delete(oldest)
    }
    this.#sessions.set(hashOf(id), { token, until: Date.now() + SESSION_MS })
    return `${COOKIE}=${id}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${SESSION_MS / 1000}`
  }

  /** Ends a session. @returns the value of Set-Cookie */
  end(request: IncomingMessage): string {
    const id = cookieOf(request)
    if (id !== undefined) this.#sessions.delete(hashOf(id))
    return `${COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0`
  }

  #tokenOf(request: IncomingMessage): Token | undefined {
    const id = cookieOf(request)
    const session = id === undefined ? undefined : this.#sessions.get(hashOf(id))
    if (session && session.until > Date.now()) return session.token
    return this.#bearer(request)
  }

  #bearer(request: IncomingMessage): Token | undefined {
    const secret = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (secret === undefined) return undefined
    const address = request.socket.remoteAddress ?? ''
    const failures = this.#failures.get(address)
    const isRecent = failures !== undefined && failures.until > Date.now()
    if (isRecent && failures.count >= MAX_FAILURES)
      throw new Refused(429, 'throttled', 'too many wrong tokens', { 'retry-after': String(FAILURES_MS / 1000) })
    const token = this.#tokens.get(hashOf(secret))
    if (token) return token
    if (isRecent) failures.count++
    else {
      // Addresses are others' to choose: these do not stay.
      if (this.#failures.size >= MAX_SESSIONS) this.#failures.clear()
      this.#failures.set(address, { count: 1, until: Date.now() + FAILURES_MS })
    }
    return undefined
  }
}

const unknown = () => new Refused(401, 'token', 'this needs a token', { 'www-authenticate': 'Bearer' })

function cookieOf({ headers: { cookie = '' } }: IncomingMessage): string | undefined {
  return new RegExp(`(?:^|; )${COOKIE}=([\\w-]{43})(?:;|$)`).exec(cookie)?.[1]
}

const isLoopback = (host: string) => /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host)

/** Whether only this machine can reach an address. */
export const isLocal = isLoopback

/**
 * Whether a page of another site is behind a request: a browser says where it comes from. An open console answers to the names of this
 * machine only, since a site may give its own name this machine's address.
 * @throws {Refused}
 */
export function checkSite({ headers }: IncomingMessage, isOpen: boolean): void {
  const { host = '', origin } = headers
  if (isOpen && !isLoopback(host.replace(/:\d+$/, ''))) throw new Refused(403, 'host', 'this name is not the console’s')
  if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host)
    throw new Refused(403, 'origin', 'a page of another site asks')
  if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate')
    throw new Refused(403, 'origin', 'a page of another site asks')
}
