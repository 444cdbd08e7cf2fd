import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as SecureServer } from 'node:https'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { OutputError, outputError } from '../model/output.ts'
import { defineTransport, type Item, type OptionsOf } from '../model/transport.ts'
import { readFile } from '../net/read-file.ts'
import { Broadcast, broadcastOptions, type Sink } from '../streams/broadcast.ts'
import { boundedServer, endUnread, type ServerTls } from '../streams/server.ts'
import { BroadcastTransport } from '../streams/transport.ts'

const OUTPUT = 'stream output'

const options = {
  listen: {
    kind: 'text',
    default: '127.0.0.1:2802',
    doc: 'Where clients connect: `HOST:PORT`. Beyond this machine, `token` or `client_ca` is needed.',
  },
  token: { kind: 'secret', doc: 'The token that clients must send: `Authorization: Bearer TOKEN`.' },
  server_cert: {
    kind: 'path',
    reads: true,
    doc: 'PEM file of the server’s certificate, for TLS.',
    example: '/etc/falc/server.pem',
  },
  server_key: { kind: 'path', reads: true, doc: 'PEM file of its key.', example: '/etc/falc/server.key' },
  client_ca: {
    kind: 'path',
    reads: true,
    doc: 'PEM file of the authorities that sign the clients’ certificates, which are then required.',
  },
  ...broadcastOptions(
    1000,
    'Alerts that are kept for clients that connect later or reconnect.',
    ' and is notified of how many',
  ),
  keep_alive: { kind: 'duration', default: 15_000, min: 100, doc: 'Interval of keep-alives on an idle connection.' },
} as const

/** Serves alerts as they are raised, as server-sent events and as lines of JSON. */
export const stream = defineTransport({
  type: 'stream',
  title: 'Stream (server-sent events, NDJSON)',
  doc: `\`curl http://127.0.0.1:2802/\` prints alerts as they are raised, one per line. With \`Accept: text/event-stream\`, as browsers' EventSource
sends it, they are server-sent events: \`id\` is the alert's ID, the event's type is \`alert\`. A client that reconnects with
\`Last-Event-ID\`, or with \`?after=ID\`, receives what it has missed, as far as \`history\` reaches.

A slow client loses alerts rather than delaying others, and is notified by an event \`lost\` or a line \`{"lost":12}\` (\`null\` if the
number is unknown). A client that reads nothing for eight times \`keep_alive\` is disconnected. Lost alerts are counted as \`slow_client\`, or as
\`no_client\` if no client connected in time.`,
  options,
  batch: { items: 1000 },
  listens: true,
  ordered: 'all',
  async open(values, context) {
    const [, host, port] = /^(.*):(\d+)$/.exec(values.listen) ?? []
    if (host === undefined || port === undefined)
      throw new OutputError('listen', `${OUTPUT}: listen is not HOST:PORT: ${values.listen}`, 'misconfigured')
    const address = host.replace(/^\[|\]$/g, '')
    if (!isLoopback(address) && values.token === undefined && values.client_ca === undefined)
      throw new OutputError(
        'listen',
        `${OUTPUT}: ${values.listen} is not on the loopback interface: set token or client_ca`,
        'misconfigured',
      )
    const broadcast = new Broadcast({ history: values.history, buffer: values.buffer, maxClients: values.max_clients })
    const slow = () => context.note(`${OUTPUT}: a client reads too slowly and loses alerts`)
    // Its connections have room for all clients, and for as many that have not authenticated yet.
    const server = boundedServer(
      (request, response) => serve(request, response, { values, broadcast, slow }),
      2 * values.max_clients + 16,
      tlsOf(values),
    )
    server.listen({ host: address, port: Number(port) })
    try {
      await once(server, 'listening')
    } catch (error) {
      throw outputError(error, OUTPUT)
    }
    return new StreamTransport(server, broadcast, values)
  },
})

type Values = OptionsOf<typeof options>

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

/** What the files hold at present; undefined: no TLS. @throws {OutputError} */
function tlsOf({ server_cert, server_key, client_ca }: Values): ServerTls | undefined {
  if (server_cert === undefined && server_key === undefined && client_ca === undefined) return undefined
  if (server_cert === undefined || server_key === undefined)
    throw new OutputError('tls', `${OUTPUT}: TLS needs server_cert and server_key`, 'misconfigured')
  try {
    const tls = {
      ...{ cert: readFile(server_cert), key: readFile(server_key) },
      ...(client_ca !== undefined && { ca: readFile(client_ca) }),
    }
    createSecureContext(tls)
    return tls
  } catch (error) {
    throw outputError(error, OUTPUT, 'misconfigured')
  }
}

/** A client that has read nothing for this many times `keep_alive` makes room for others. */
const MAX_STUCK = 8

interface Service {
  readonly values: Values
  readonly broadcast: Broadcast
  readonly slow: () => void
}

function serve(request: IncomingMessage, response: ServerResponse, { values, broadcast, slow }: Service): void {
  const refusal = refuse(request, values)
  request.resume()
  if (refusal !== undefined) {
    endUnread(response)
    response.writeHead(refusal, refusal === 401 ? { 'www-authenticate': 'Bearer' } : {}).end()
    return
  }
  const events = request.headers.accept?.includes('text/event-stream') ?? false
  const after =
    new URL(request.url!, 'http://x').searchParams.get('after') ?? [request.headers['last-event-id']].flat()[0]
  const client = broadcast.subscribe(new HttpSink(response, events, slow), after)
  if (!client) {
    response.writeHead(503, { 'retry-after': '10' }).end()
    return
  }
  if (!response.headersSent) response.flushHeaders()
  let stuck = 0
  const pulse = setInterval(() => {
    if (!response.writableNeedDrain) response.write(events ? ':\n\n' : '\n')
    else if (++stuck > MAX_STUCK) response.destroy()
  }, values.keep_alive).unref()
  response.on('drain', () => (stuck = 0))
  response.on('drain', () => client.drained())
  response.on('close', () => {
    clearInterval(pulse)
    client.leave()
  })
}

/** The status that a request is refused with. */
function refuse({ method, url, headers }: IncomingMessage, { token }: Values): number | undefined {
  if (method !== 'GET') return 405
  if (!/^\/(\?|$)/.test(url ?? '')) return 404
  if (token !== undefined) return sameText(headers.authorization ?? '', `Bearer ${token}`) ? undefined : 401
  // A page of the web may have its own name lead here: its browser then says that name.
  const host = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  return host === 'localhost' || isIP(host) ? undefined : 403
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

class HttpSink implements Sink {
  readonly #response: ServerResponse
  readonly #events: boolean
  readonly #slow: () => void

  constructor(response: ServerResponse, events: boolean, slow: () => void) {
    this.#response = response
    this.#events = events
    this.#slow = slow
    response.setHeader('content-type', events ? 'text/event-stream' : 'application/x-ndjson')
    response.setHeader('cache-control', 'no-store')
    response.setHeader('x-content-type-options', 'nosniff')
  }

  write({ id, body }: Item): boolean {
    // A format for people may have the carriage returns that an alert's values have.
    const line = body.replace(/[\r\n]+/g, ' ')
    return this.#response.write(this.#events ? `id: ${id}\nevent: alert\ndata: ${line}\n\n` : `${line}\n`)
  }

  missed(count: number | undefined): void {
    const lost = JSON.stringify(count ?? null)
    this.#response.write(this.#events ? `event: lost\ndata: ${lost}\n\n` : `{"lost":${lost}}\n`)
    if (count !== undefined) this.#slow()
  }

  end(): void {
    this.#response.end()
  }
}

class StreamTransport extends BroadcastTransport {
  readonly #server: Server
  readonly #values: Values

  constructor(server: Server, broadcast: Broadcast, values: Values) {
    super(broadcast)
    this.#server = server
    this.#values = values
  }

  async reopen(): Promise<void> {
    const tls = tlsOf(this.#values)
    if (tls && this.#server instanceof SecureServer) this.#server.setSecureContext(tls)
  }

  async close(force = false): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.broadcast.close()
    this.#server.closeIdleConnections()
    const late = setTimeout(() => this.#server.closeAllConnections(), force ? 0 : 1000)
    await closed
    clearTimeout(late)
  }
}
