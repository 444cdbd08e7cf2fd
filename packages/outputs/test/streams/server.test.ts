/** Servers that outputs open, and hostile clients. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../../../../scripts/testing/wait.ts'
import { boundConnections, boundedServer, endUnread } from '../../src/streams/server.ts'

const PAGE = 'x'.repeat(16 << 20)

async function serve(connections: number) {
  const seen = { requests: 0, unread: 0 }
  const server = boundedServer((_, response) => {
    seen.requests++
    endUnread(response, 100)
    response.on('close', () => response.writableFinished || seen.unread++)
    response.end(PAGE)
  }, connections)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, seen }
}

/** On this machine, each address 127.x.x.x counts as another client. */
function client(port: number, from = '127.0.0.1'): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  return socket
}

const closed = (socket: Socket) => until('the connection is closed', () => socket.destroyed)
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

test('one client gets at most half of the connections', async () => {
  const { port } = await serve(4)
  const [first, second, third] = [1, 2, 3].map(() => client(port, '127.0.0.2')) as [Socket, Socket, Socket]
  await closed(third)
  expect([first.destroyed, second.destroyed]).toEqual([false, false])
  const other = client(port)
  other.write(GET)
  await once(other, 'data')
  first.destroy()
  await until('the place is free again', async () => {
    const again = client(port, '127.0.0.2')
    again.write(GET)
    const got = await Promise.race([once(again, 'data').then(() => true), closed(again).then(() => false)])
    again.destroy()
    return got
  })
})

test('a connection that pipelines many requests is closed after a few', async () => {
  const { port, seen } = await serve(4)
  const flood = client(port)
  flood.write(GET.repeat(200))
  await closed(flood.resume())
  expect(seen.requests).toBeLessThan(10)
})

test('a response that the client does not read is abandoned', async () => {
  const { port, seen } = await serve(4)
  const lazy = client(port)
  lazy.write(GET)
  await until('it is given up', () => seen.unread === 1)
  await closed(lazy.resume())
})

test('an IPv6 /64 network counts as one client', () => {
  const server = createServer()
  boundConnections(server, 4)
  const closed = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1'].map(remoteAddress => {
    const socket = { remoteAddress, closed: false, destroy: () => (socket.closed = true), on: () => socket }
    server.emit('connection', socket as unknown as Socket)
    return socket.closed
  })
  expect(closed).toEqual([false, false, true, false])
})

test('a server survives running out of file descriptors', async () => {
  const server = createServer()
  boundConnections(server, 10)
  expect(() => server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))).not.toThrow()
})
