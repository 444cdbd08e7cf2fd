import { createServer as createHttp, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { Server as NetServer, Socket } from 'node:net'
import { clientAt } from '@falc/engine/analysis'

/** A server's certificate and key, and the certificate authorities of its clients. */
export interface ServerTls {
  readonly cert: Buffer
  readonly key: Buffer
  /** Of the authorities that sign clients' certificates, which are then required. */
  readonly ca?: Buffer
}

/** Milliseconds for a TLS handshake, for the head of a request, and for taking an answer. */
const TIMEOUT_MS = 10_000

/** Requests of one connection that may wait for their answers. */
const MAX_PIPELINED = 4

/** A server that limits the bytes and the time of clients before they have authenticated. */
export function boundedServer(handle: RequestListener, maxConnections: number, tls?: ServerTls): Server {
  const limits = {
    ...{ maxHeaderSize: 16_384, headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS },
    connectionsCheckingInterval: 1000,
  }
  const server = tls
    ? createHttps({ ...limits, handshakeTimeout: TIMEOUT_MS, ...tls, requestCert: tls.ca !== undefined })
    : createHttp(limits)
  boundConnections(server, maxConnections)
  const pending = new WeakMap<Socket, number>()
  server.on('request', (request, response) => {
    const { socket } = request
    const count = (pending.get(socket) ?? 0) + 1
    if (count > MAX_PIPELINED) return void socket.destroy()
    pending.set(socket, count)
    response.on('close', () => pending.set(socket, pending.get(socket)! - 1))
    handle(request, response)
  })
  return server
}

/** Connections, for all clients; half of them for one, by its address, or its IPv6 network. Where the process has no descriptors left, they are lost. */
export function boundConnections(server: NetServer, maxConnections: number): void {
  const clients = new Map<string, number>()
  server.maxConnections = maxConnections
  server.on('error', () => {})
  server.on('connection', (socket: Socket) => {
    const client = clientAt(socket.remoteAddress ?? '')
    const count = clients.get(client) ?? 0
    if (client !== '' && count >= Math.max(1, maxConnections / 2)) {
      socket.destroy()
      return
    }
    clients.set(client, count + 1)
    socket.on('close', () => {
      const left = clients.get(client)! - 1
      if (left > 0) clients.set(client, left)
      else clients.delete(client)
    })
  })
}

/** Ends a connection that has not taken its answer in time. */
export function endUnread(response: ServerResponse, ms = TIMEOUT_MS): void {
  const late = setTimeout(() => response.destroy(), ms)
  response.on('close', () => clearTimeout(late))
}
