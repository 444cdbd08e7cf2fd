/** The console: an HTTP server in front of a store. */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { boundedServer, endUnread } from '@falc/outputs'
import { Faults } from '@falc/sources-k8saudit'
import { type Retention, StoreError, StoreThread } from '@falc/store'
import { Auth, type AuthOptions } from './auth/auth.ts'
import { Guesses } from './auth/guesses.ts'
import { type OidcOptions, Provider } from './auth/oidc.ts'
import { checkProgram, checkSite, isLocal } from './auth/site.ts'
import { Bodies } from './bodies.ts'
import { badRequest, Refused } from './failure.ts'
import { Files, HEADERS } from './files.ts'
import { NatsInput, type NatsOptions } from './nats.ts'
import { openapi } from './openapi.ts'
import { checkParameters } from './parameters.ts'
import {
  type AnyRoute,
  type Delivery,
  type RouteRequest,
  type ServerContext,
  type Waiting,
  type Who,
  waitOf,
} from './routes/route.ts'
import { STREAM } from './routes/stream.ts'
import { ROUTES } from './routes.ts'
import type { RulebookOptions } from './rulebook.ts'
import type { Session } from './shapes/index.ts'
import { Stream } from './stream.ts'
import { BackendThread } from './thread.ts'

export interface ConsoleOptions extends Retention, RulebookOptions, AuthOptions {
  /** The store. It is created if it does not exist. */
  readonly path: string
  readonly delivery?: Delivery
  readonly approvals?: Waiting | undefined
  /** An identity provider at which people sign in; `roles` say what they may do. */
  readonly oidc?: OidcOptions | undefined
  /** Default: 127.0.0.1. Any other address needs tokens. */
  readonly host?: string
  /** 0 chooses a free one. Default: 2802, that of falcosidekick's web UI. */
  readonly port?: number
  /** Accepts alerts without a token: Falco and falcosidekick's web UI output cannot send one. */
  readonly anonymousIngest?: boolean
  /** A stream of alerts that are stored, too. */
  readonly nats?: NatsOptions | undefined
  readonly version?: string
  /** The folder of the page for browsers. Default: the package's own. */
  readonly app?: string
  /** Receives messages for the operator. */
  readonly note?: (text: string) => void
}

/** The maximum size of a sent alert, and of a body that anyone may send, in bytes. */
const MAX_BODY = 1024 * 1024
const MAX_OPEN_BODY = 4096
/** Half of them for one client, which may be a proxy. */
const MAX_CONNECTIONS = 512
/** Milliseconds in which a client must have taken an answer, which may have some megabytes. */
const ANSWER_MS = 60_000

export class Console implements ServerContext {
  readonly writer: StoreThread
  readonly delivery: Delivery
  readonly approvals: Waiting | undefined
  readonly #options: ConsoleOptions
  readonly #auth: Auth
  readonly #provider: Provider | undefined
  readonly #files: Files
  readonly #stream = new Stream()
  readonly #bodies = new Bodies()
  /** Links that have expired or were never issued. */
  readonly #guesses = new Guesses()
  readonly #backend: BackendThread
  readonly #faults: Faults
  readonly #server: Server
  #nats: NatsInput | undefined

  /** @throws {Error} for an address that others can reach, without tokens */
  constructor(options: ConsoleOptions) {
    const { host = '127.0.0.1', path, age, bytes, note } = options
    this.#auth = new Auth(options, options.oidc !== undefined)
    this.#provider = options.oidc && new Provider(options.oidc, note ?? (() => {}))
    if (this.#auth.isOpen && !isLocal(host))
      throw new Error(
        `${host} can be reached from other machines, which requires tokens (falc console token makes one)`,
      )
    this.delivery = options.delivery ?? {}
    this.approvals = options.approvals
    this.#options = options
    this.#faults = new Faults(note ?? (() => {}))
    const { rules, localRules, engine } = options
    this.#backend = new BackendThread({ path, rules, localRules, engine }, note ?? (() => {}))
    this.#files = new Files(options.app)
    this.writer = new StoreThread({ path, age, bytes, note: note ?? (() => {}) })
    this.#server = boundedServer((request, response) => void this.#answer(request, response), MAX_CONNECTIONS)
  }

  /** @throws {Error} when the address is in use, {StoreError} when the store cannot be used */
  async listen(): Promise<void> {
    this.#backend.start()
    // The file is there from now on.
    await this.writer.insert([])
    const { host = '127.0.0.1', port = 2802, nats, note } = this.#options
    this.#server.listen({ host, port })
    await once(this.#server, 'listening')
    if (nats) this.#nats = new NatsInput(nats, alerts => this.writer.insert(alerts), note ?? (() => {}))
  }

  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`
  }

  async close(): Promise<void> {
    this.#stream.close()
    this.#server.closeAllConnections()
    if (this.#server.listening) {
      this.#server.close()
      await once(this.#server, 'close')
    }
    await this.#nats?.close()
    await Promise.all([this.#backend.close(), this.writer.close()])
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#dispatch(request, response)
    } catch (error) {
      if (response.headersSent) return void response.destroy()
      const refused = error instanceof Refused ? error : this.#failure(error)
      const { status, code, message, headers } = refused
      // The rest of the body is not awaited.
      send(response, status, JSON.stringify({ error: { code, message } }), { ...headers, connection: 'close' })
    }
  }

  #failure(error: unknown): Refused {
    if (error instanceof StoreError) return new Refused(503, 'store', error.message, { 'retry-after': '5' })
    this.#faults.add(error)
    return new Refused(500, 'internal', 'an error of the console')
  }

  async #dispatch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkSite(request, this.#auth.isOpen, this.#auth.isProxied(request))
    const target = URL.parse(request.url ?? '/', 'http://console')
    if (target === null) throw badRequest('this is not a path')
    const { pathname, searchParams: given } = target
    const method = request.method === 'HEAD' ? 'GET' : request.method
    if (pathname === '/healthz') return send(response, 200, '{"status":"ok"}')
    if (pathname === '/api/v1/session') return this.#session(method ?? '', request, response)
    if (this.#provider && method === 'GET' && pathname.startsWith('/api/v1/oidc/'))
      return this.#signIn(this.#provider, pathname, request, response)
    if (method === 'GET' && this.#files.serve(pathname, request, response)) return endUnread(response, ANSWER_MS)
    if (pathname === '/api/v1/openapi.json' && method === 'GET')
      return send(response, 200, JSON.stringify(openapi(ROUTES, this.#options.version ?? '0')))
    const [route, id] = routeOf(method ?? '', pathname)
    if (route.scope === 'ingest') checkProgram(request)
    const isOpen = route.open || (route.scope === 'ingest' && this.#options.anonymousIngest)
    const who = isOpen ? NOBODY : this.#auth.authorize(request, route.scope)
    if (route.known && this.#auth.isOpen)
      throw new Refused(403, 'open', 'whoever reaches an open console could do it: this needs tokens')
    if (route.whole && who.namespaces) throw new Refused(403, 'namespaces', 'this is about all namespaces')
    checkParameters(given, route.parameters)
    const routed: RouteRequest = { who, given, id, body: Buffer.alloc(0) }
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    if (route === STREAM) return this.#startStream(request, response, routed)
    const answer = (body: Buffer) => this.#replyTo(route, { ...routed, body }, gone.signal)
    if (route.body === undefined) return send(response, 200, await answer(routed.body))
    const { open } = route
    const client = this.#auth.clientOf(request)
    if (open) this.#guesses.check(client)
    try {
      send(response, 200, await this.#bodies.hold(request, open ? MAX_OPEN_BODY : MAX_BODY, answer))
    } catch (error) {
      if (open && error instanceof Refused && error.status === 404) this.#guesses.wrong(client)
      throw error
    }
  }

  #replyTo(route: AnyRoute, routed: RouteRequest, gone: AbortSignal): Promise<string> {
    return route.inServer ? route.answer({ ...this.#context, ...routed }) : this.#ask(route, routed, gone)
  }

  async #session(method: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const methods: Session['methods'] = this.#auth.isOpen ? [] : this.#provider ? ['token', 'oidc'] : ['token']
    if (method === 'GET') {
      // A client that has not signed in learns how to.
      const known = this.#auth.whoIfKnown(request)
      if (!known) return send(response, 401, JSON.stringify({ error: { code: 'token', message: 'sign in' }, methods }))
      const { name, scopes, namespaces } = known
      const session: Session = { name, scopes, ...(namespaces && { namespaces }), methods }
      return send(response, 200, JSON.stringify(session))
    }
    if (method !== 'POST' && method !== 'DELETE') throw new Refused(405, 'method', `${method} is not allowed`)
    const cookie = method === 'POST' ? this.#auth.begin(request) : this.#auth.end(request)
    send(response, 200, '{}', cookie === '' ? {} : { 'set-cookie': cookie })
  }

  async #signIn(provider: Provider, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path === '/api/v1/oidc/login') {
      const { location, cookie } = await provider.begin()
      return send(response, 302, '{}', { location, 'set-cookie': cookie })
    }
    if (path !== '/api/v1/oidc/callback') throw new Refused(404, 'route', 'nothing is there')
    const { search } = new URL(request.url ?? '/', 'http://console')
    const { name, groups } = await provider.end(search, request.headers.cookie)
    const cookie = this.#auth.admit(name, groups, provider.session, provider.isSecure)
    send(response, 302, '{}', { location: new URL('../../../', provider.redirectUri).href, 'set-cookie': cookie })
  }

  get #context(): ServerContext {
    return { writer: this.writer, delivery: this.delivery, approvals: this.approvals }
  }

  #ask(route: AnyRoute, { who, given, id, body }: RouteRequest, gone?: AbortSignal): Promise<string> {
    const { name, scopes, namespaces } = who
    const asked = { name, scopes, namespaces }
    const question = { route: ROUTES.indexOf(route), who: asked, given: given.toString(), id, body }
    return this.#backend.ask(question, gone, waitOf(given))
  }

  async #startStream(request: IncomingMessage, response: ServerResponse, routed: RouteRequest): Promise<void> {
    const given = new URLSearchParams(routed.given)
    const header = request.headers['last-event-id']
    if (typeof header === 'string') given.set('after', header)
    await this.#stream.serve(request, response, routed.who.name, async after => {
      // Rights may have changed since it began: without them it ends.
      const who = this.#auth.authorize(request, STREAM.scope)
      if (after !== undefined) given.set('after', String(after))
      return JSON.parse(await this.#ask(STREAM, { ...routed, who, given }))
    })
  }
}

const NOBODY: Who = { name: '', scopes: ['ingest'] }

/** @throws {Refused} */
function routeOf(method: string, path: string): [AnyRoute, string] {
  const there = ROUTES.flatMap(route => {
    const id = idIn(path, route.path)
    return id === undefined ? [] : [[route, id] as const]
  })
  // A literal path takes precedence over one with an ID.
  const exact = there.filter(([route]) => route.path === path)
  const at = exact.length > 0 ? exact : there
  const [route, id] = at.find(([one]) => one.method === method) ?? []
  if (route) return [route, decoded(id!)]
  if (at.length === 0) throw new Refused(404, 'route', `nothing is at ${path.slice(0, 200)}`)
  const allow = at.map(([one]) => one.method).join(', ')
  throw new Refused(405, 'method', `${method.slice(0, 20)} is not allowed`, { allow })
}

/** The part of the path in place of `{id}`, empty without one; undefined: the path does not match. */
function idIn(path: string, pattern: string): string | undefined {
  if (path === pattern) return ''
  const [start, end] = pattern.split('{id}')
  if (end === undefined || !path.startsWith(start!) || !path.endsWith(end)) return undefined
  const id = path.slice(start!.length, path.length - end.length)
  return id === '' || id.includes('/') ? undefined : id
}

/** @throws {Refused} */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refused(400, 'invalid', 'the path is not a valid URL')
  }
}

function send(
  response: ServerResponse,
  status: number,
  json: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  endUnread(response, ANSWER_MS)
  response
    .writeHead(status, { ...HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
    .end(json)
}
