/** An engine that misuses HTTP/2: each call ends, retains little and reports why it failed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { createServer as createRawServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { growth } from '../../../../scripts/testing/cost.ts'
import { eventually, patient } from '../../../../scripts/testing/wait.ts'
import { watchContainerd } from '../../src/containers/containerd-events.ts'
import { GrpcClient, MessageSplitter } from '../../src/containers/grpc.ts'
import { encodeText } from './message.ts'

let dir: string
let socket: string
let client: GrpcClient
let server: Http2Server
const sessions = new Set<ServerHttp2Session>()

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-grpc-'))
  socket = join(dir, 'engine.sock')
  client = new GrpcClient(socket)
})
afterEach(() => {
  client.close()
  for (const session of sessions) session.destroy()
  server?.close()
  rmSync(dir, { recursive: true })
})

async function serve(answer: (stream: ServerHttp2Stream, path: string) => void): Promise<void> {
  server = createServer()
  server.on('session', session => {
    sessions.add(session.on('error', () => {}))
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    answer(stream, String(headers[':path']))
  })
  await new Promise<void>(resolve => server.listen(socket, resolve))
}

const call = (signal = patient()) => client.call('/x/y', new Uint8Array(3), signal)

function message(text: string): Buffer {
  const bytes = encodeText(text)
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([prefix, bytes])
}

/** Responses that make a call fail, and the reason it fails with. */
const ANSWERS: Record<string, readonly [answer: (stream: ServerHttp2Stream) => void, reason: string]> = {
  'messages without end': [
    stream => {
      stream.respond({ ':status': 200 })
      const write = () => {
        while (!stream.destroyed && stream.write(Buffer.alloc(50_000)));
        stream.once('drain', write)
      }
      write()
    },
    'bad-answer',
  ],
  'informational headers without end': [
    stream => {
      const more = () => {
        for (let i = 0; i < 100 && !stream.destroyed; i++)
          stream.additionalHeaders({ ':status': 103, x: 'y'.repeat(1000) })
        if (!stream.destroyed) setImmediate(more)
      }
      more()
    },
    'bad-answer',
  ],
  'headers that are too long': [
    stream => stream.respond({ ':status': 200, x: 'y'.repeat(200_000) }, { endStream: true }),
    'refused',
  ],
  'too many headers': [
    stream => {
      const headers = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x-${i}`, 'y']))
      stream.respond({ ':status': 200, ...headers }, { endStream: true })
    },
    'refused',
  ],
  'trailers that are too long': [
    stream => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', x: 'y'.repeat(200_000) }))
      stream.end(message('1="a"'))
    },
    'bad-answer',
  ],
  'a message that is longer than it may be': [
    stream => {
      stream.respond({ ':status': 200 })
      stream.write(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))
    },
    'bad-answer',
  ],
  'half a message': [
    stream => {
      stream.respond({ ':status': 200, 'grpc-status': '0' })
      stream.end(message('1="abc"').subarray(0, 7))
    },
    'bad-answer',
  ],
  'a stream that is reset': [stream => stream.close(8), 'refused'],
  'a connection that is closed': [stream => stream.session!.destroy(), 'refused'],
}

test.each(Object.keys(ANSWERS))('%s: the call fails', async name => {
  const [answer, reason] = ANSWERS[name]!
  await serve(answer)
  await expect(call()).rejects.toMatchObject({ name: 'LookupError', reason })
})

test('after a lost connection, the next call opens another', async () => {
  let asked = 0
  await serve(stream => {
    if (asked++ === 0) return stream.session!.destroy()
    stream.respond({ ':status': 200, 'grpc-status': '0' })
    stream.end(message('1="here"'))
  })
  await expect(call()).rejects.toMatchObject({ reason: 'refused' })
  expect((await call()).text(1)).toBe('here')
})

test('an engine that reads nothing: an abandoned call closes its connection, and the next opens another', async () => {
  const open = new Set<Socket>()
  let connections = 0
  const raw = createRawServer(connection => {
    connections++
    open.add(
      connection
        .on('error', () => {})
        .on('close', () => open.delete(connection))
        .resume(),
    )
  })
  await new Promise<void>(resolve => raw.listen(socket, resolve))
  onTestFinished(() => {
    for (const one of open) one.destroy()
    raw.close()
  })
  for (let i = 1; i <= 3; i++) {
    const stop = new AbortController()
    const asked = call(stop.signal)
    await eventually(() => expect(connections).toBe(i))
    stop.abort()
    await expect(asked).rejects.toMatchObject({ reason: 'timeout' })
  }
  await eventually(() => expect(open.size).toBe(0))
})

test('a slow call that is abandoned leaves its connection to other calls', async () => {
  const streams: ServerHttp2Stream[] = []
  let connections = 0
  await serve((stream, path) => {
    if (path === '/slow') return void streams.push(stream)
    stream.respond({ ':status': 200, 'grpc-status': '0' })
    stream.end(message('1="here"'))
  })
  server.on('session', () => connections++)
  const stop = new AbortController()
  const slow = client.call('/slow', new Uint8Array(0), stop.signal)
  await eventually(() => expect(streams.length).toBe(1))
  expect((await call()).text(1)).toBe('here')
  stop.abort()
  await expect(slow).rejects.toMatchObject({ reason: 'timeout' })
  expect((await call()).text(1)).toBe('here')
  expect(connections).toBe(1)
})

test('of 1000 containers announced at once, 256 records are fetched and the others counted as unreadable', async () => {
  let fetched = 0
  await serve((stream, path) => {
    if (!path.endsWith('/Subscribe')) return void fetched++
    stream.respond({ ':status': 200 })
    for (let i = 0; i < 1000; i++) stream.write(message(`2="k8s.io" 4={2={1="container-${i}"}}`))
  })
  const stop = new AbortController()
  let unreadable = 0
  const watcher = { opened: () => {}, announced: () => {}, unreadable: () => unreadable++ }
  const watched = watchContainerd(client, 100, watcher, stop.signal)
  // Later, records that are not answered become unreadable, too.
  await eventually(() => expect(fetched + unreadable).toBeGreaterThanOrEqual(1000))
  expect(fetched).toBe(256)
  stop.abort()
  await expect(watched).rejects.toMatchObject({ reason: 'timeout' })
})

test('the cost of a message is linear in its length, even if it comes in small pieces', () => {
  const split = (size: number) => {
    const prefix = Buffer.alloc(5)
    prefix.writeUInt32BE(size, 1)
    const splitter = new MessageSplitter()
    let whole = 0
    splitter.push(prefix, () => {})
    for (let at = 0; at < size; at += 64) splitter.push(Buffer.alloc(64), bytes => (whole = bytes.length))
    expect([whole, splitter.isInside]).toEqual([size, false])
  }
  expect(growth(split, 1 << 16, 16)).toBeLessThan(40)
})

test('messages are split the same way, whatever pieces they come in', () => {
  const bytes = Buffer.concat([message('1="a"'), message(''), message('1="bc"'), message('')])
  const whole = ['0a0161', '', '0a026263', '']
  for (let size = 1; size <= bytes.length; size++) {
    const splitter = new MessageSplitter()
    const got: string[] = []
    for (let at = 0; at < bytes.length; at += size)
      splitter.push(bytes.subarray(at, at + size), one => got.push(Buffer.from(one).toString('hex')))
    expect([got, splitter.isInside]).toEqual([whole, false])
  }
})
