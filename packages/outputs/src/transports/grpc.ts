import { once } from 'node:events'
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Server, ServerCredentials, ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js'
import { OutputError, outputError } from '../model/output.ts'
import { defineTransport, type Item, type OptionsOf } from '../model/transport.ts'
import { loadPeer } from '../net/connect.ts'
import { readFile } from '../net/read-file.ts'
import { Broadcast, broadcastOptions } from '../streams/broadcast.ts'
import { encodeResponse } from '../streams/falco-response.ts'
import { boundConnections } from '../streams/server.ts'
import { BroadcastTransport } from '../streams/transport.ts'

const OUTPUT = 'grpc output'

const options = {
  bind_address: {
    kind: 'text',
    default: 'unix:///run/falco/falco.sock',
    doc: 'Where clients connect: `unix:///PATH`, or `HOST:PORT` with mutual TLS.',
  },
  private_key: {
    kind: 'path',
    reads: true,
    doc: 'PEM file of the server’s key. Required for `HOST:PORT`, as are the next two.',
    example: '/etc/falco/certs/server.key',
  },
  cert_chain: {
    kind: 'path',
    reads: true,
    doc: 'PEM file of the server’s certificate and the intermediate ones.',
    example: '/etc/falco/certs/server.crt',
  },
  root_certs: {
    kind: 'path',
    reads: true,
    doc: 'PEM file of the authorities that sign the clients’ certificates.',
    example: '/etc/falco/certs/ca.crt',
  },
  socket_mode: {
    kind: 'choice',
    choices: ['0600', '0660', '0666'],
    default: '0600',
    doc: 'Permissions of the socket. Anyone who may write to it can read all alerts.',
  },
  ...broadcastOptions(10_000, 'Alerts that wait for the first client. Beyond that, the oldest are lost.'),
} as const

/** Serves what Falco's gRPC outputs served. */
export const grpc = defineTransport({
  type: 'grpc',
  title: 'Falco’s gRPC outputs',
  doc: `The service \`falco.outputs.service\` that Falco had up to release 0.43, for its clients: \`sub\` streams alerts, \`get\` returns those not
yet delivered to any client. [falco-outputs.proto](../packages/outputs/falco-outputs.proto) describes it.

Clients receive alerts while they are connected; the first one also receives those that were waiting. A slow client loses alerts rather than
delaying others. Lost alerts are counted as \`slow_client\`, or as \`no_client\` when no client connected in time. The protocol has no
acknowledgements.

Falco's former sections \`grpc\` and \`grpc_output\` have no effect, and falc warns about them: configure this output instead. \`bind_address\`,
\`private_key\`, \`cert_chain\` and \`root_certs\` mean the same; there is no \`threadiness\`.`,
  options,
  batch: { items: 1000 },
  listens: true,
  peer: '@grpc/grpc-js',
  ordered: 'all',
  async open(values, context) {
    const library = await loadPeer('@grpc/grpc-js', OUTPUT, () => import('@grpc/grpc-js'))
    const credentials = credentialsOf(values, library)
    const address = await prepareAddress(values.bind_address)
    const server = new library.Server(LIMITS)
    const broadcast = new Broadcast({ history: values.history, buffer: values.buffer, maxClients: values.max_clients })
    const refused = { code: library.status.RESOURCE_EXHAUSTED, details: `more than ${values.max_clients} clients` }
    server.addService(SERVICE, {
      get: (call: ServerWritableStream<object, Item>) => {
        for (const item of broadcast.take()) call.write(item)
        call.end()
      },
      sub: (call: ServerDuplexStream<object, Item>) => {
        if (!subscribe(call, broadcast, () => context.note(`${OUTPUT}: a client reads too slowly and loses alerts`)))
          call.emit('error', refused)
      },
    })
    // The library's own sockets have no bound, neither in connections nor for handshakes that do not end.
    let injector = server.createConnectionInjector(credentials)
    const listener = createServer(socket => injector.injectConnection(socket))
    boundConnections(listener, 2 * values.max_clients + 16)
    listener.listen(address)
    try {
      await once(listener, 'listening')
    } catch (error) {
      throw outputError(error, OUTPUT)
    }
    if ('path' in address) chmodSync(address.path, Number.parseInt(values.socket_mode, 8))
    const renew = () => {
      injector = server.createConnectionInjector(credentialsOf(values, library))
    }
    return new GrpcTransport(server, listener, broadcast, renew)
  },
})

/** A client has one call at a time, and a connection without calls makes room for others. */
const LIMITS = {
  ...{ 'grpc.max_receive_message_length': 4096, 'grpc.keepalive_time_ms': 60_000 },
  ...{ 'grpc.max_concurrent_streams': 4, 'grpc.max_connection_idle_ms': 60_000 },
}

type Values = OptionsOf<typeof options>
type Library = typeof import('@grpc/grpc-js')

const METHOD = {
  responseStream: true,
  requestSerialize: () => Buffer.alloc(0),
  // A request says nothing.
  requestDeserialize: () => ({}),
  responseSerialize: (item: Item) => encodeResponse(item.alert),
  responseDeserialize: (bytes: Buffer) => bytes,
} as const

const SERVICE = {
  get: { path: '/falco.outputs.service/get', requestStream: false, ...METHOD },
  sub: { path: '/falco.outputs.service/sub', requestStream: true, ...METHOD },
} as const

/** @throws {OutputError} when a network address has no certificates, or they cannot be read */
function credentialsOf(
  { bind_address, private_key, cert_chain, root_certs }: Values,
  { ServerCredentials }: Library,
): ServerCredentials {
  if (bind_address.startsWith('unix:')) return ServerCredentials.createInsecure()
  if (private_key === undefined || cert_chain === undefined || root_certs === undefined)
    throw new OutputError(
      'tls',
      `${OUTPUT}: ${bind_address} needs private_key, cert_chain and root_certs`,
      'misconfigured',
    )
  try {
    const pair = { private_key: readFile(private_key), cert_chain: readFile(cert_chain) }
    return ServerCredentials.createSsl(readFile(root_certs), [pair], true)
  } catch (error) {
    throw outputError(error, OUTPUT, 'misconfigured')
  }
}

/** The address to listen on. A socket left behind by an earlier process is removed. @throws {OutputError} when another process serves there */
async function prepareAddress(address: string): Promise<{ path: string } | { host: string; port: number }> {
  if (!address.startsWith('unix:')) {
    const [, six, host, port] = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address) ?? []
    if (port === undefined || Number(port) > 65_535)
      throw new OutputError('bind_address', `${OUTPUT}: bind_address is not HOST:PORT: ${address}`, 'misconfigured')
    return { host: six ?? host!, port: Number(port) }
  }
  const path = address.replace(/^unix:(?:\/\/(?=\/))?/, '')
  try {
    mkdirSync(dirname(path), { recursive: true })
    if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return { path }
    const served = await new Promise<boolean>(resolve => {
      const socket = connect(path)
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('close', () => resolve(false)).once('connect', () => socket.destroy())
    })
    if (served) throw new OutputError('EADDRINUSE', `${OUTPUT}: another process serves ${path}`)
    rmSync(path)
    return { path }
  } catch (error) {
    throw outputError(error, OUTPUT)
  }
}

/** @returns whether there was room for another client */
function subscribe(call: ServerDuplexStream<object, Item>, broadcast: Broadcast, slow: () => void): boolean {
  const client = broadcast.subscribe({ write: item => call.write(item), missed: slow, end: () => call.end() })
  if (!client) return false
  // Data from clients is read, so that they can continue to send, and ignored. A client that sends no more still listens.
  call.on('data', () => {})
  call.on('drain', () => client.drained())
  for (const event of ['cancelled', 'error', 'close']) call.on(event, () => client.leave())
  return true
}

class GrpcTransport extends BroadcastTransport {
  readonly #server: Server
  readonly #listener: NetServer
  readonly #sockets = new Set<Socket>()
  readonly #renew: () => void

  /** @param renew reads certificates again, for connections to come */
  constructor(server: Server, listener: NetServer, broadcast: Broadcast, renew: () => void) {
    super(broadcast)
    this.#server = server
    this.#listener = listener
    this.#renew = renew
    listener.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  async reopen(): Promise<void> {
    try {
      this.#renew()
    } catch (error) {
      throw outputError(error, OUTPUT, 'misconfigured')
    }
  }

  async close(force = false): Promise<void> {
    const closed = once(this.#listener, 'close')
    this.#listener.close()
    this.broadcast.close()
    // The library reports the end of a server that did not listen itself before its clients have got all.
    if (!force) this.#server.tryShutdown(() => {})
    const late = setTimeout(
      () => {
        this.#server.forceShutdown()
        for (const socket of this.#sockets) socket.destroy()
      },
      force ? 0 : 1000,
    )
    await closed
    clearTimeout(late)
    this.#server.forceShutdown()
  }
}
