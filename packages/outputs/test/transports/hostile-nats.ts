/** A NATS server that behaves normally until a client requests messages. What follows is up to the test. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TestContext } from 'vitest'

export interface Asked {
  readonly socket: Socket
  /** Number of the subscription that messages are requested for. */
  readonly sid: string
  /** The subject to acknowledge the nth message. */
  ack(n: number): string
}

export interface HostileNats {
  readonly url: string
  /** How many connections there were. */
  readonly connections: number
  /** Requests for messages. */
  readonly asked: number
  /** Pings that clients have answered: each has read what came before it. */
  readonly pongs: number
}

const CREATED = new Date(0).toISOString()
const STREAM = {
  created: CREATED,
  state: { messages: 0, bytes: 0, first_seq: 0, last_seq: 0, consumer_count: 0 },
  config: { name: 'S', subjects: ['S.>'], retention: 'limits', storage: 'file', num_replicas: 1, max_age: 0 },
}
const CONSUMER = {
  ...{ stream_name: 'S', name: 'd', created: CREATED, config: { durable_name: 'd', ack_policy: 'explicit' } },
  ...{ num_ack_pending: 0, num_redelivered: 0, num_waiting: 0, num_pending: 1 },
}

/** @param treat called for each request for messages, on each connection */
export async function hostileNats(
  { onTestFinished }: TestContext,
  treat: (asked: Asked) => void,
): Promise<HostileNats> {
  const counts = { connections: 0, asked: 0, pongs: 0 }
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    counts.connections++
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    serve(
      socket,
      asked => {
        counts.asked++
        treat(asked)
      },
      () => counts.pongs++,
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `nats://127.0.0.1:${port}`,
    get connections() {
      return counts.connections
    },
    get asked() {
      return counts.asked
    },
    get pongs() {
      return counts.pongs
    },
  }
}

function serve(socket: Socket, treat: (asked: Asked) => void, pong: () => void): void {
  const subscriptions = new Map<string, string>()
  const info = { server_id: 'A', version: '2.10.0', proto: 1, headers: true, max_payload: 1 << 20, jetstream: true }
  socket.write(`INFO ${JSON.stringify(info)}\r\n`)
  const covers = (pattern: string, subject: string) =>
    pattern === subject || (pattern.endsWith('*') && subject.startsWith(pattern.slice(0, -1)))
  const sidOf = (subject: string) => [...subscriptions].find(([, pattern]) => covers(pattern, subject))?.[0]
  const answer = (subject: string, body: unknown) => {
    const text = JSON.stringify(body)
    const sid = sidOf(subject)
    if (sid !== undefined) socket.write(`MSG ${subject} ${sid} ${Buffer.byteLength(text)}\r\n${text}\r\n`)
  }
  const published = (subject: string, reply: string) => {
    if (subject.includes('.CONSUMER.MSG.NEXT.')) {
      const sid = sidOf(reply)
      if (sid !== undefined) treat({ socket, sid, ack: n => `$JS.ACK.S.d.1.${n}.${n}.1700000000000000000.0` })
    } else if (subject.startsWith('$JS.API.STREAM.')) answer(reply, STREAM)
    else if (subject.startsWith('$JS.API.CONSUMER.')) answer(reply, CONSUMER)
    else if (reply !== '') answer(reply, { stream: 'S', seq: 1 })
  }
  let rest = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    rest += text
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const [op = '', ...words] = rest.slice(0, end).split(' ')
      const payload = op === 'PUB' || op === 'HPUB' ? Number(words.at(-1)) + 2 : 0
      if (rest.length < end + 2 + payload) return
      rest = rest.slice(end + 2 + payload)
      if (op === 'PING') socket.write('PONG\r\n')
      else if (op === 'PONG') pong()
      else if (op === 'SUB') subscriptions.set(words.at(-1)!, words[0]!)
      else if (op === 'UNSUB') subscriptions.delete(words[0]!)
      else if (op === 'PUB' || op === 'HPUB')
        published(words[0]!, words.length === (op === 'PUB' ? 3 : 4) ? words[1]! : '')
    }
  })
}
