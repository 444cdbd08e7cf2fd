/** Misbehaving receivers: nothing they send crashes, blocks or floods the process, no connection leaks, and alerts wait. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { alerts } from '@falc/engine'
import { describe, expect, type TestContext, test } from 'vitest'
import { EMPTY } from '../../../../scripts/testing/empty.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { configuredDelivery, falcoJson, readOutput } from '../../src/index.ts'
import { Receiver } from '../../src/net/receiver.ts'
import { TRANSPORTS } from '../../src/transports/list.ts'
import { alert } from './items.ts'

/** The clients, with options for an address. All transports over HTTP share one client: a webhook represents them. */
const CLIENTS: Readonly<Record<string, (at: string) => Record<string, unknown>>> = {
  alertmanager: at => ({ url: `http://${at}` }),
  kafka: at => ({ brokers: at }),
  mqtt: at => ({ url: `mqtt://${at}` }),
  nats: at => ({ url: `nats://${at}` }),
  rabbitmq: at => ({ url: `amqp://${at}` }),
  redis: at => ({ url: `redis://${at}` }),
  smtp: at => ({ url: `smtp://${at}`, from: 'falc@x.test', to: 'ops@x.test' }),
  webhook: at => ({ url: `http://${at}/` }),
}

/** The beginning of a response that announces more than a client should read. */
const ENDLESS: Readonly<Record<string, readonly (string | Buffer)[]>> = {
  alertmanager: ['HTTP/1.1 500 no\r\nx: ', 'HTTP/1.1 500 no\r\ncontent-length: 100000000000\r\n\r\n'],
  kafka: [Buffer.from([0x7f, 0xff, 0xff, 0xff])],
  mqtt: [Buffer.from([0x20, 0xff, 0xff, 0xff, 0x7f])],
  nats: ['INFO ', 'INFO {"version":"2.10.0","max_payload":1000}\r\nMSG a 1 1000000000\r\n'],
  rabbitmq: [Buffer.from([1, 0, 0, 0x7f, 0xff, 0xff, 0xff])],
  redis: ['$500000000\r\n', '*100000000\r\n'],
  smtp: ['220-', '220 hello\r\n250-'],
  webhook: ['HTTP/1.1 500 no\r\nx: ', 'HTTP/1.1 500 no\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n'],
}

/** A line that an error would quote. */
const LINE = `500 \u001b[2J${'long '.repeat(400)}\r\n`

/** Responses to anything that is received: they look like the protocol, but their content is invalid. */
const ANSWERS: Readonly<Record<string, readonly ((data: Buffer) => string | Buffer)[]>> = {
  alertmanager: [
    () => 'HTTP/1.1 500 no\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef',
    () => 'HTTP/1.1 99999 x\r\n\r\n',
  ],
  kafka: [
    data => frame([...data.subarray(8, 12), 0, 0, 0x7f, 0xff, 0xff, 0xff]),
    data => frame([...data.subarray(8, 12), 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    data => frame([...data.subarray(8, 12), ...randomBytes(300)]),
    () => frame([9, 9, 9, 9]),
    () => Buffer.alloc(4),
  ],
  mqtt: [
    () => Buffer.from([0x20, 2, 0, 0, ...many(1000, [0x40, 2, 0xff, 0xff])]),
    () => Buffer.from([0x20, 2, 0, 0, 0x30, 5, 0xff, 0xff, 1, 2, 3]),
    () => Buffer.from([0x20, 2, 0, 99]),
    () => Buffer.from([0x20, 2, 0, 0, 0xf0, 0xff, 0xff, 0xff, 0xff]),
  ],
  nats: [
    () => 'INFO {"max_payload":1000}\r\nMSG a b c d e\r\n',
    () => `INFO {}\r\nPONG\r\n${"-ERR 'x'\r\n".repeat(1000)}`,
    () => 'INFO {"max_payload":-1}\r\nHMSG a 1 5000 10\r\n',
    () => `${'INFO {"connect_urls":["x:y",1,null]}\r\n'.repeat(100)}`,
  ],
  rabbitmq: [
    () => Buffer.from([1, 0, 0, 0, 0, 0, 12, 0, 10, 0, 10, 0, 9, 0x7f, 0xff, 0xff, 0xff, 0xce]),
    () => Buffer.from([1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 99, 0xce]),
    () => Buffer.from([1, 0, 0, 0, 0, 0, 0, 0xce]),
    () => Buffer.from([8, 0, 0, 0, 0, 0, 0, 0]),
  ],
  redis: [
    () => '*1\r\n'.repeat(100_000),
    () => `$5\r\nab\r\n${':x\r\n'.repeat(100)}`,
    () => '%1000000000\r\n',
    () => '*-5\r\n$-7\r\n',
    () => '+OK\r\n$-1\r\n$-1\r\n',
    () => '>1\r\n$-1\r\n',
    () => '+a\r_\r\n',
    () => '$2\r\nab__\r\n',
  ],
  smtp: [
    () => '250 x\r\n334 x\r\n',
    () => '999 x\r\n',
    () => '220 x\r\n250-AUTH LOGIN\r\n250 STARTTLS\r\n220 go\r\n',
    () => `${'250-x\r\n'.repeat(1000)}550 no\r\n`,
  ],
  webhook: [
    () => 'HTTP/1.1 500 no\r\ntransfer-encoding: chunked\r\n\r\n-5\r\n',
    () => 'HTTP/1.1 101 Switching\r\n\r\n',
    () => 'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  ],
}

const many = (count: number, bytes: readonly number[]) => Array.from({ length: count }, () => bytes).flat()

/** A message with Kafka's length prefix. */
function frame(bytes: readonly number[]): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, Buffer.from(bytes)])
}

const answering = (answer: (data: Buffer) => string | Buffer, greets: boolean) => (socket: Socket) => {
  if (greets) socket.write(answer(Buffer.alloc(12)))
  socket.on('data', data => void (socket.writable && socket.write(answer(data))))
}

/** Protocols in which the server speaks first. */
const GREETING: ReadonlySet<string> = new Set(['nats', 'smtp'])

const CHUNK = Buffer.alloc(64 * 1024, 'x')

function pour(socket: Socket): void {
  const more = () => {
    while (socket.writable && socket.write(CHUNK));
  }
  socket.on('drain', more)
  more()
}

const startsWith = (start: string | Buffer) => (socket: Socket) => {
  socket.write(start)
  pour(socket)
}

/** A server that treats each connection alike, and counts those that are open. */
async function serve({ onTestFinished }: TestContext, treat: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    treat(socket.resume())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { at: `127.0.0.1:${(server.address() as AddressInfo).port}`, open: () => sockets.size }
}

/** Checks that an alert is retried and kept, and that closing the output ends all connections. */
async function survives(context: TestContext, type: string, treat: (socket: Socket) => void): Promise<void> {
  const { at, open } = await serve(context, treat)
  const source = alerts()
  const item = { name: 'hostile', type, timeout: '300ms', ...CLIENTS[type]!(at) }
  const settings = readOutput(item, { path: [], source: () => source, warn: (_, reason) => expect.fail(reason) })
  const lines: string[] = []
  const delivery = configuredDelivery(settings, {
    hostname: 'node-1',
    source,
    format: () => falcoJson(),
    backoff: { first: 20, max: 100 },
    log: (_, text) => void lines.push(text),
  })
  delivery.push(alert(1))
  await until('it has tried twice', () => delivery.stats.retries >= 2)
  expect(delivery.stats).toMatchObject({ pushed: 1, delivered: 0, queued: 1, dropped: EMPTY })
  await until('few connections are open', () => open() < 5)
  for (const line of lines) {
    expect(line.length).toBeLessThan(1000)
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  }
  await delivery.close(0)
  await until('each connection has ended', () => open() === 0)
}

test('every transport is tested here, reads no responses, or speaks HTTP', () => {
  const others = TRANSPORTS.filter(({ type, options }) => !(type in CLIENTS) && !('proxy' in options)).map(
    one => one.type,
  )
  expect(others.sort()).toEqual(['file', 'grpc', 'program', 'prometheus', 'stdout', 'store', 'stream', 'syslog'])
})

/** Concurrent, since they spend most of their time waiting for timeouts. */
describe.concurrent.each(Object.keys(CLIENTS))('%s', type => {
  const receivers: readonly (readonly [what: string, treat: (socket: Socket) => void])[] = [
    ['a receiver that sends nothing', () => {}],
    ['a receiver that closes at once', socket => void socket.end()],
    ['a receiver that resets the connection', socket => void socket.resetAndDestroy()],
    ['random bytes', socket => void socket.write(randomBytes(1000))],
    ['a long line with control characters', socket => void socket.write(LINE)],
    ['endless data', pour],
    ...ENDLESS[type]!.map(start => [`${JSON.stringify(String(start))} without end`, startsWith(start)] as const),
  ]
  for (const [i, answer] of ANSWERS[type]!.entries())
    test(`nonsensical responses: ${i}`, context => survives(context, type, answering(answer, GREETING.has(type))))
  for (const [what, treat] of receivers) test(what, context => survives(context, type, treat))
})

test('a connection that sends more than any response contains is closed', async context => {
  const { at } = await serve(context, pour)
  const receiver = new Receiver()
  const [host, port] = at.split(':') as [string, string]
  const to = () => connect(Number(port), host).resume()
  const other = to()
  const [error] = await receiver.call(() => once(to(), 'error'))
  expect(error.message).toBe('the receiver sends without end')
  expect(other.destroyed).toBe(false)
  other.destroy()
})

test('a connection whose client removes all listeners is forgotten when it closes', async context => {
  const { at } = await serve(context, () => {})
  const receiver = new Receiver()
  const [host, port] = at.split(':') as [string, string]
  await receiver.call(async () => {
    const socket = connect(Number(port), host)
    await once(socket, 'connect')
    socket.removeAllListeners()
    expect(receiver.connections).toBe(1)
    socket.destroy()
  })
  await until('it is forgotten', () => receiver.connections === 0)
})
