/** The console: an HTTP server in front of a store. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AlertData, alerts, type Source } from '@falc/engine'
import { type Asked, type Retention, Store, StoreError, StoreReader, StoreThread } from '@falc/store'
import { Auth, checkSite, isLocal, type Token } from './auth.ts'
import { Refused } from './failure.ts'
import { Files, HEADERS } from './files.ts'
import { openapi } from './openapi.ts'
import { checkParameters, integerOf, queryOf, SELECTING } from './parameters.ts'
import type { Answer, Delivery, Desk, Route, Who } from './routes/route.ts'
import { SilencePlanner, type Silences } from './routes/silenced.ts'
import { ROUTES } from './routes.ts'
import { Rulebook, type RulebookOptions } from './rulebook.ts'
import type { Session } from './shapes/index.ts'
import { Stream } from './stream.ts'

export interface ConsoleOptions extends Retention, RulebookOptions {
  /** The store. It is begun when there is none. */
  readonly path: string
  /** The sources whose rules and alerts these are. */
  readonly sources?: readonly Source[]
  readonly delivery?: Delivery
  /** Default: 127.0.0.1. Any other address needs tokens. */
  readonly host?: string
  /** 0 chooses a free one. Default: 2802, that of falcosidekick's web UI. */
  readonly port?: number
  /** Who may do what; undefined: whoever is on this machine may do everything. */
  readonly tokens?: readonly Token[] | undefined
  /** Alerts are taken without a token: Falco and falcosidekick's web UI output have none to send. */
  readonly openDoor?: boolean
  readonly version?: string
  /** The folder of the page for browsers. Default: the package's own. */
  readonly app?: string
  /** What an operator should know. */
  readonly note?: (text: string) => void
}

/** Bytes of an alert that is sent. */
const MAX_BODY = 1024 * 1024
const STREAM = '/api/v1/stream'
/** Milliseconds that one question may take, before it is answered with what is known. */
const ANSWER_MS = 2000
/** Milliseconds for a request to arrive. */
const PATIENCE = 10_000

export class Console implements Desk {
  readonly source: Source<AlertData>
  readonly writer: StoreThread
  readonly rulebook: Rulebook
  readonly delivery: Delivery
  readonly #options: ConsoleOptions
  readonly #auth: Auth
  readonly #files: Files
  readonly #stream: Stream
  readonly #server: Server
  readonly #silences: SilencePlanner
  #reader: StoreReader | undefined
  #store: Store | undefined

  /** @throws {Error} for an address that others can reach, without tokens */
  constructor(options: ConsoleOptions) {
    const { host = '127.0.0.1', tokens, path, age, bytes, note } = options
    if (tokens === undefined && !isLocal(host))
      throw new Error(`others can reach ${host}: that needs tokens (falc console token makes one)`)
    const { sources = [] } = options
    this.source = alerts(sources.length > 0 ? { sources } : {})
    this.#silences = new SilencePlanner(this.source)
    this.rulebook = new Rulebook(options, sources)
    this.delivery = options.delivery ?? {}
    this.#options = options
    this.#auth = new Auth(tokens)
    this.#stream = new Stream(this)
    this.#files = new Files(options.app)
    this.writer = new StoreThread({ path, age, bytes, note: note ?? (() => {}) })
    const limits = {
      maxHeaderSize: 16_384,
      headersTimeout: PATIENCE,
      requestTimeout: PATIENCE,
      connectionsCheckingInterval: 1000,
    }
    this.#server = createServer(limits, (request, response) => void this.#answer(request, response))
    this.#server.maxConnections = 512
  }

  /** @throws {Error} when the address is in use, {StoreError} when the store cannot be used */
  async listen(): Promise<void> {
    // The file is there from now on.
    await this.writer.insert([])
    const { host = '127.0.0.1', port = 2802 } = this.#options
    this.#server.listen({ host, port })
    await once(this.#server, 'listening')
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
    this.#reader?.close()
    this.#store?.close()
    await this.writer.close()
  }

  /** @throws {StoreError} */
  async reader({ namespaces }: Who): Promise<StoreReader> {
    if (this.#reader && !this.#reader.isInPlace) {
      this.#reader.close()
      this.#reader = undefined
    }
    this.#reader ??= await StoreReader.open(this.#options.path)
    return this.#reader.within(namespaces)
  }

  /** @throws {StoreError} */
  async store(): Promise<Store> {
    if (this.#store && !this.#store.isInPlace) {
      this.#store.close()
      this.#store = undefined
    }
    return (this.#store ??= await Store.open(this.#options.path))
  }

  async patiently<T>(asked: Asked<T>): Promise<Answer<T>> {
    const end = performance.now() + ANSWER_MS
    while (asked.step() && performance.now() < end) await new Promise(resolve => setImmediate(resolve))
    return asked
  }

  silences(store: StoreReader): Silences {
    return this.#silences.of(store.silences())
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#dispatch(request, response)
    } catch (error) {
      if (response.headersSent) return void response.destroy()
      const refused = error instanceof Refused ? error : this.#failure(error)
      const { status, code, message, headers } = refused
      // What is left of the body is not waited for.
      send(response, status, JSON.stringify({ error: { code, message } }), { ...headers, connection: 'close' })
    }
  }

  #failure(error: unknown): Refused {
    if (error instanceof StoreError) return new Refused(503, 'store', error.message, { 'retry-after': '5' })
    this.#options.note?.(`internal error: ${(error as Error).stack}`)
    return new Refused(500, 'internal', 'an error of the console')
  }

  async #dispatch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isOpen = this.#options.tokens === undefined
    checkSite(request, isOpen)
    const { pathname, searchParams: given } = new URL(request.url ?? '/', 'http://console')
    const method = request.method === 'HEAD' ? 'GET' : request.method
    if (pathname === '/healthz') return send(response, 200, '{"status":"ok"}')
    if (pathname === '/api/v1/session' && (method === 'POST' || method === 'DELETE')) {
      const cookie = method === 'POST' ? this.#auth.begin(request) : this.#auth.end(request)
      return send(response, 200, '{}', cookie === '' ? {} : { 'set-cookie': cookie })
    }
    if (pathname === '/api/v1/session' && method === 'GET') {
      const { name, scopes, namespaces } = this.#auth.who(request)
      const session: Session = { name, scopes, ...(namespaces && { namespaces }), methods: isOpen ? [] : ['token'] }
      return send(response, 200, JSON.stringify(session))
    }
    if (method === 'GET' && this.#files.serve(pathname, request, response)) return
    if (pathname === '/api/v1/openapi.json' && method === 'GET')
      return send(response, 200, JSON.stringify(openapi(ROUTES, this.#options.version ?? '0')))
    if (pathname === STREAM && method === 'GET') return this.#startStream(request, response, given)
    const [route, id] = routeOf(method ?? '', pathname)
    const who = route.scope === 'ingest' && this.#options.openDoor ? NOBODY : this.#auth.authorize(request, route.scope)
    if (route.whole && who.namespaces) throw new Refused(403, 'namespaces', 'this is about all namespaces')
    checkParameters(given, route.parameters)
    const body = route.body === undefined ? Buffer.alloc(0) : await bodyOf(request)
    const { source, writer, rulebook, delivery } = this
    const desk: Desk = {
      ...{ source, writer, reader: who => this.reader(who), store: () => this.store() },
      ...{ patiently: asked => this.patiently(asked), silences: store => this.silences(store), rulebook, delivery },
    }
    send(response, 200, await route.answer({ ...desk, who, given, id, body }))
  }

  async #startStream(request: IncomingMessage, response: ServerResponse, given: URLSearchParams): Promise<void> {
    const who = this.#auth.authorize(request, 'read')
    checkParameters(given, {
      filter: SELECTING.filter,
      q: SELECTING.q,
      after: { type: 'integer', doc: 'The number of the last alert that is known' },
    })
    const header = request.headers['last-event-id']
    if (typeof header === 'string') given.set('after', header)
    const after =
      given.get('after') === '0'
        ? 0
        : given.has('after')
          ? integerOf('after', given, 1, Number.MAX_SAFE_INTEGER)
          : undefined
    await this.#stream.serve(request, response, who, queryOf(given, this.source), after)
  }
}

const NOBODY: Who = { name: '', scopes: ['ingest'] }

/** @throws {Refused} */
function routeOf(method: string, path: string): [Route, string] {
  const there = ROUTES.flatMap(route => {
    const id = idIn(path, route.path)
    return id === undefined ? [] : [[route, id] as const]
  })
  // A path of its own comes before one with an ID.
  const exact = there.filter(([route]) => route.path === path)
  const at = exact.length > 0 ? exact : there
  const [route, id] = at.find(([one]) => one.method === method) ?? []
  if (route) return [route, decoded(id!)]
  if (at.length === 0) throw new Refused(404, 'route', `nothing is at ${path.slice(0, 200)}`)
  const allow = at.map(([one]) => one.method).join(', ')
  throw new Refused(405, 'method', `${method.slice(0, 20)} is not allowed`, { allow })
}

/** What stands for `{id}`; empty for a path without; undefined: it is another path. */
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
    throw new Refused(400, 'invalid', 'the path is no valid URL')
  }
}

/** @throws {Refused} when it is too large */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) throw new Refused(413, 'size', `an alert has at most ${MAX_BODY} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function send(
  response: ServerResponse,
  status: number,
  json: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response
    .writeHead(status, { ...HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
    .end(json)
}
