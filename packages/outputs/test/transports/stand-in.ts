/** Stand-ins for HTTP services that cannot run here: one server, and a table of what each service accepts. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { freePort } from '../../../../scripts/testing/port.ts'
import type { Peer, PeerKind, Received } from './peer.ts'

export interface Request {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  /** Uncompressed. */
  readonly body: Buffer
  /** The body as JSON. @throws {Refusal} */
  json(): any
}

export interface Reply {
  readonly status: number
  readonly body?: string
  readonly headers?: Record<string, string>
}

/** A service of the table. */
export interface Service {
  readonly type: string
  readonly title: string
  readonly cannot?: Readonly<Record<string, string>>
  /** As under `outputs:` in falco.yaml. @param url of the server, without a slash at the end */
  options(url: string): Record<string, unknown>
  /** Whether a request is not about alerts, but for a token: `answer` does not apply to it. */
  aside?(request: Request): boolean
  /**
   * Answers a request as the service does.
   * @param received what has arrived so far: accepted alerts are appended
   * @throws {Refusal}
   */
  take(request: Request, received: Received[]): Reply | Promise<Reply>
  /** What has arrived, where `take` does not know it. */
  received?(): Promise<readonly Received[]>
}

/** The service rejects the request. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function refuse(status: number, message: string): never {
  throw new Refusal(status, message)
}

/** A running stand-in. */
export class StandIn implements Peer {
  readonly requests: Request[] = []
  readonly #service: Service
  readonly #received: Received[] = []
  readonly #replies: Reply[] = []
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0
  #hangs = false

  constructor(service: Service) {
    this.#service = service
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  options(): Record<string, unknown> {
    return this.#service.options(this.url)
  }

  async received(): Promise<readonly Received[]> {
    return this.#service.received?.() ?? this.#received
  }

  async up(): Promise<void> {
    this.#hangs = false
    if (this.#server) return
    const server = createServer(async (request, response) => {
      const body = await buffer(request).catch(() => undefined)
      if (body === undefined || this.#hangs) return
      const reply = await this.#reply(request.method!, new URL(request.url!, this.url), request.headers, body)
      response.writeHead(reply.status, reply.headers).end(reply.body)
    })
    server.on('connection', socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    // A port that nothing else gets while the service is down.
    this.#port ||= await freePort()
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#server = server
  }

  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async hang(): Promise<void> {
    this.#hangs = true
  }

  answer(status: number, headers: Record<string, string> = {}, body = ''): void {
    this.#replies.push({ status, headers, body })
  }

  stop(): Promise<void> {
    return this.down()
  }

  async #reply(method: string, url: URL, headers: IncomingHttpHeaders, raw: Buffer): Promise<Reply> {
    const body = headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
    const request: Request = { method, url, headers, body, json: () => parse(body) }
    this.requests.push(request)
    const ready = this.#service.aside?.(request) ? undefined : this.#replies.shift()
    if (ready) return ready
    try {
      return await this.#service.take(request, this.#received)
    } catch (error) {
      if (error instanceof Refusal) return { status: error.status, body: error.message }
      throw error
    }
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return refuse(400, 'not JSON')
  }
}

/** A service as the contract suite runs it. */
export interface ServiceKind extends PeerKind {
  start(): Promise<StandIn>
}

export function kindOf(service: Service): ServiceKind {
  return {
    type: service.type,
    title: service.title,
    ...(service.cannot && { cannot: service.cannot }),
    async start() {
      const standIn = new StandIn(service)
      await standIn.up()
      return standIn
    },
  }
}

/** A service for one test. */
export async function serve(kind: ServiceKind): Promise<StandIn> {
  const service = await kind.start()
  onTestFinished(() => service.stop())
  return service
}

/** Checks of JSON: each refuses with 400 what the service would refuse. */
export type Check = (value: any, path?: string) => void

const bad = (path: string, what: string): never => refuse(400, `${path || 'body'}: ${what}`)

/** Text of 1 to this many characters. */
export const text =
  (max = Number.POSITIVE_INFINITY, min = 1): Check =>
  (value, path = '') => {
    if (typeof value !== 'string') bad(path, 'not text')
    if (value.length > max) bad(path, `longer than ${max}`)
    if (value.length < min) bad(path, `shorter than ${min}`)
  }

export const matching =
  (pattern: RegExp): Check =>
  (value, path = '') => {
    if (typeof value !== 'string' || !pattern.test(value)) bad(path, `does not match ${pattern}`)
  }

export const whole =
  (min: number, max: number): Check =>
  (value, path = '') => {
    if (!Number.isInteger(value) || value < min || value > max) bad(path, `not an integer from ${min} to ${max}`)
  }

export const flag: Check = (value, path = '') => {
  if (typeof value !== 'boolean') bad(path, 'not a boolean')
}

export const any: Check = () => {}

export const oneOf =
  (...values: readonly unknown[]): Check =>
  (value, path = '') => {
    if (!values.includes(value)) bad(path, `not one of ${values.join(', ')}`)
  }

export const list =
  (of: Check, max = Number.POSITIVE_INFINITY, min = 0): Check =>
  (value, path = '') => {
    if (!Array.isArray(value)) bad(path, 'not a list')
    if (value.length > max || value.length < min) bad(path, `not ${min} to ${max} items`)
    for (const [i, one] of value.entries()) of(one, `${path}[${i}]`)
  }

/** An object with these keys and no others; a name with `?` at its end may be missing. */
export const object =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value, path = '') => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) bad(path, 'not an object')
    const known = new Map(Object.entries(checks).map(([name, check]) => [name.replace(/\?$/, ''), { name, check }]))
    for (const key of Object.keys(value)) if (!known.has(key)) bad(path, `unknown key ${key}`)
    for (const [key, { name, check }] of known) {
      if (key in value) check(value[key], `${path}.${key}`)
      else if (!name.endsWith('?')) bad(path, `lacks ${key}`)
    }
  }

/** An object with any keys. */
export const map =
  (of: Check, max = Number.POSITIVE_INFINITY): Check =>
  (value, path = '') => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) bad(path, 'not an object')
    if (Object.keys(value).length > max) bad(path, `more than ${max} keys`)
    for (const [key, one] of Object.entries(value)) of(one, `${path}.${key}`)
  }

/** One of several forms, told apart by the value of a key. */
export const variant =
  (key: string, forms: Readonly<Record<string, Check>>): Check =>
  (value, path = '') => {
    const form = forms[value?.[key]]
    if (form) form(value, path)
    else bad(path, `${key} is none of ${Object.keys(forms).join(', ')}`)
  }
