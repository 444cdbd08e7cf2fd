/** Authorisation. Without tokens, roles or a proxy the console is open, and listens only to this machine. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BlockList, isIPv6 } from 'node:net'
import { clientAt } from '@falc/engine/analysis'
import { Refused } from '../failure.ts'
import { Guesses } from './guesses.ts'
import { checkRoles, type Role, rightsOf } from './roles.ts'
import { hashOf, type Rights, SCOPES, type Scope, type Token } from './tokens.ts'

/** A proxy that has found out who asks. */
export interface ProxyOptions {
  /** Its addresses, or networks: 10.0.0.5, 10.0.0.0/24. From any other the headers count for nothing. */
  readonly addresses: readonly string[]
  /** Default: X-Forwarded-User. */
  readonly userHeader?: string
  /** A comma-separated list. Default: X-Forwarded-Groups. */
  readonly groupsHeader?: string
}

export interface AuthOptions {
  /** A function is asked each time: a token that is gone ends its sessions. */
  readonly tokens?: readonly Token[] | (() => readonly Token[]) | undefined
  /** The rights of groups that a proxy or an identity provider names. */
  readonly roles?: readonly Role[] | undefined
  readonly proxy?: ProxyOptions | undefined
}

/** Any user of this machine. */
const ANYONE: Rights = { name: 'local', scopes: SCOPES }

const COOKIE = 'falc_session'
const SESSION_MS = 12 * 3_600_000
const MAX_SESSIONS = 1000
/** Sessions of one token or user; a new one beyond this number ends the user's oldest. */
const MAX_OWN_SESSIONS = 50

interface BrowserSession {
  readonly rights: () => Rights | undefined
  /** By `performance.now()`: the clock may be set. */
  readonly until: number
  readonly owner: string
}

export class Auth {
  readonly #tokens: () => readonly Token[]
  readonly #roles: readonly Role[]
  readonly #proxy: ProxyOptions | undefined
  readonly #proxies = new BlockList()
  readonly #sessions = new Map<string, BrowserSession>()
  /** Wrong tokens. */
  readonly #guesses = new Guesses()
  /** Any client may do everything. */
  readonly isOpen: boolean

  /** @throws {Error} for unknown roles and malformed addresses */
  constructor({ tokens, roles = [], proxy }: AuthOptions, hasProvider = false) {
    checkRoles(roles)
    this.isOpen = tokens === undefined && proxy === undefined && !hasProvider
    this.#tokens = typeof tokens === 'function' ? tokens : () => tokens ?? []
    this.#roles = roles
    this.#proxy = proxy
    for (const address of proxy?.addresses ?? []) {
      const [ip = '', bits] = address.split('/')
      const family = isIPv6(ip) ? 'ipv6' : 'ipv4'
      if (bits === undefined) this.#proxies.addAddress(ip, family)
      else this.#proxies.addSubnet(ip, Number(bits), family)
    }
  }

  /** @throws {Refused} when the request may not do this */
  authorize(request: IncomingMessage, scope: Scope): Rights {
    const rights = this.who(request)
    if (!rights.scopes.includes(scope)) throw new Refused(403, 'scope', `this needs the scope ${scope}`)
    return rights
  }

  /** Who asks. @throws {Refused} when that is not known */
  who(request: IncomingMessage): Rights {
    const rights = this.whoIfKnown(request)
    if (rights === undefined) throw unknown()
    return rights
  }

  /** @throws {Refused} when the user is known, but has no rights */
  whoIfKnown(request: IncomingMessage): Rights | undefined {
    if (this.isOpen) return ANYONE
    return this.#ofSession(request) ?? this.#ofToken(request) ?? this.#ofProxy(request)
  }

  /** Whether a trusted proxy has passed on the request. */
  isProxied({ socket: { remoteAddress = '' } }: IncomingMessage): boolean {
    const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
    return this.#proxy !== undefined && this.#proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }

  /** Who is asked to wait after many wrong guesses: an address, or the one that a trusted proxy has the request from. */
  clientOf(request: IncomingMessage): string {
    const forwarded = this.isProxied(request) ? String(request.headers['x-forwarded-for'] ?? '') : ''
    return clientAt(forwarded.split(',').at(-1)!.trim() || (request.socket.remoteAddress ?? ''))
  }

  /** Starts a session for a browser, whose EventSource cannot send headers. @returns the value of Set-Cookie @throws {Refused} */
  begin(request: IncomingMessage): string {
    if (this.isOpen) return ''
    const token = this.#ofToken(request)
    if (token === undefined) throw unknown()
    const { hash } = token
    return this.#cookie(hash, () => this.#tokenOf(hash), this.isProxied(request) && isSecure(request))
  }

  /** Begins a session for someone whom an identity provider knows. @param ms how long it has these groups @returns the value of Set-Cookie @throws {Refused} when they may do nothing */
  admit(name: string, groups: readonly string[], ms: number, secure: boolean): string {
    const rights = rightsOf(name, groups, this.#roles)
    if (rights === undefined) throw new Refused(403, 'role', 'no role of the console fits')
    return this.#cookie(`person ${name}`, () => rights, secure, Math.min(ms, SESSION_MS))
  }

  /** @param rights what the session allows at the time of a request */
  #cookie(owner: string, rights: BrowserSession['rights'], secure: boolean, ms = SESSION_MS): string {
    const id = randomBytes(32).toString('base64url')
    const all = [...this.#sessions]
    const own = all.filter(([, session]) => session.owner === owner)
    const [oldest] = own.length >= MAX_OWN_SESSIONS ? own : all.length >= MAX_SESSIONS ? all : []
    if (oldest) this.#sessions.delete(oldest[0])
    this.#sessions.set(hashOf(id), { rights, until: performance.now() + ms, owner })
    const end = secure ? '; Secure' : ''
    return `${COOKIE}=${id}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${Math.floor(ms / 1000)}${end}`
  }

  /** Ends a session. @returns the value of Set-Cookie */
  end(request: IncomingMessage): string {
    const id = cookieOf(request)
    if (id !== undefined) this.#sessions.delete(hashOf(id))
    return `${COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0`
  }

  #ofSession(request: IncomingMessage): Rights | undefined {
    const id = cookieOf(request)
    const session = id === undefined ? undefined : this.#sessions.get(hashOf(id))
    return session && session.until > performance.now() ? session.rights() : undefined
  }

  #ofProxy(request: IncomingMessage): Rights | undefined {
    if (!this.isProxied(request)) return undefined
    const { userHeader = 'x-forwarded-user', groupsHeader = 'x-forwarded-groups' } = this.#proxy!
    const [user, groups = ''] = [userHeader, groupsHeader].map(name => request.headers[name.toLowerCase()])
    if (typeof user !== 'string' || user === '') return undefined
    const rights = rightsOf(user, String(groups).split(/\s*,\s*/), this.#roles)
    if (rights === undefined) throw new Refused(403, 'role', 'no role of the console fits')
    return rights
  }

  #tokenOf(hash: string): Token | undefined {
    return this.#tokens().find(token => token.hash === hash)
  }

  #ofToken(request: IncomingMessage): Token | undefined {
    const secret = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (secret === undefined) return undefined
    const client = this.clientOf(request)
    this.#guesses.check(client)
    const token = this.#tokenOf(hashOf(secret))
    if (token === undefined) this.#guesses.wrong(client)
    return token
  }
}

const unknown = () => new Refused(401, 'token', 'this needs a token', { 'www-authenticate': 'Bearer' })

const isSecure = ({ headers }: IncomingMessage) => headers['x-forwarded-proto'] === 'https'

function cookieOf({ headers: { cookie = '' } }: IncomingMessage): string | undefined {
  return new RegExp(`(?:^|; )${COOKIE}=([\\w-]{43})(?:;|$)`).exec(cookie)?.[1]
}
