/** Whatever a server of NATS sends: who reads from it goes on, keeps little, says little, and ends when it is told to. */
import { NatsInput as ResponderInput } from '@falc/response'
import { describe, expect, type TestContext, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { NatsInput as ConsoleInput } from '../../console/src/nats.ts'
import { type Asked, type HostileNats, hostileNats } from '../../outputs/test/transports/hostile-nats.ts'
import { auditConsumer } from '../src/sources/audit-nats.ts'

/** What reads from a stream. @returns how to end it */
type Open = (server: HostileNats, lines: string[]) => Promise<() => Promise<unknown>>

const READERS: Readonly<Record<string, Open>> = {
  async responder({ url }, lines) {
    const log = (_: string, text: string) => void lines.push(text)
    const input = await ResponderInput.open({ connection: { url: [url] }, stream: 'S', durable: 'd', log })
    const running = input.run(async () => ({ acted: 0, held: 0, busy: false }) as never)
    return () => Promise.all([input.close(), running])
  },
  async console({ url }, lines) {
    const options = { url: [url], stream: 'S', durable: 'd' }
    const input = new ConsoleInput(
      options,
      async alerts => alerts.length,
      text => lines.push(text),
    )
    return () => input.close()
  },
  async 'audit worker'({ url }, lines) {
    const stop = new AbortController()
    const { at, leave } = await auditConsumer({ server: url, stream: 'S', subject: undefined } as never, undefined, {
      signal: stop.signal,
      onTrouble: reason => lines.push(reason),
    })
    const reading = (async () => {
      for await (const piece of at.pieces()) {
        for (const _ of piece.read());
        piece.settle(true)
      }
    })()
    return async () => {
      stop.abort()
      await reading
      await leave()
    }
  },
}

const CHUNK = Buffer.alloc(64 * 1024, 'x')

function pour({ socket }: Asked, start: string): void {
  const more = () => {
    while (socket.writable && socket.write(CHUNK));
  }
  socket.write(start)
  socket.on('drain', more)
  more()
}

const ALERT = '{"rule":"R","priority":"Notice","output":"o","source":"syscall","time":"2026-01-01T00:00:00Z"}'

const message = (sid: string, reply: string, body: string) => `MSG S.a ${sid}${reply} ${body.length}\r\n${body}\r\n`
const withHeaders = ({ sid, ack }: Asked, headers: string) =>
  `HMSG S.a ${sid} ${ack(1)} ${headers.length} ${headers.length + ALERT.length}\r\n${headers}${ALERT}\r\n`

const many = (count: number, text: (n: number) => string) => Array.from({ length: count }, (_, n) => text(n)).join('')

/** The connection is given up, and made again. */
const GIVEN_UP: Readonly<Record<string, (asked: Asked) => void>> = {
  'a line without end': asked => pour(asked, 'MSG '),
  'a message without end': asked => pour(asked, `MSG S.a ${asked.sid} ${asked.ack(1)} 900000000\r\n`),
  'a size that no message has, and more': asked => pour(asked, `MSG S.a ${asked.sid} ${asked.ack(1)} 4000000000\r\n`),
  'an end': ({ socket }) => void socket.destroy(),
  'a refusal of the user': ({ socket }) => void socket.end("-ERR 'Authorization Violation'\r\n"),
  'a line that is none': ({ socket }) => void socket.write('MSG a b c d e\r\n'),
}

/** It is read over. */
const BORNE: Readonly<Record<string, (asked: Asked) => void>> = {
  'subjects of no acknowledgement': ({ socket, sid }) => {
    for (const reply of [
      '',
      ' x',
      ' $JS.ACK',
      ' $JS.ACK.S.d.x.y.z.t.q',
      ' $JS.ACK.S.d.1.1.1.99999999999999999999999.0',
    ])
      socket.write(message(sid, reply, ALERT) + message(sid, reply, 'no alert'))
  },
  'headers of any kind': asked => {
    const lines = [
      '',
      ' 999 x',
      '\r\nNats-Msg-Id',
      '\r\n:::',
      ` ${'x'.repeat(100_000)}`,
      `\r\n${'a: b\r\n'.repeat(20_000)}`,
    ]
    for (const line of lines) asked.socket.write(withHeaders(asked, `NATS/1.0${line}\r\n\r\n`))
    for (const status of ['100 Idle', '404 No Messages', '408 x', '409 Consumer Deleted', '409 x'])
      asked.socket.write(withHeaders(asked, `NATS/1.0 ${status}\r\n\r\n`))
    asked.socket.write(withHeaders(asked, '\0'.repeat(20)))
  },
  'messages that are nothing': ({ socket, sid, ack }) => {
    const bodies = ['{}', '[]', 'null', '{"rule":1}', '\u00ff']
    socket.write(
      many(3000, n => message(sid, ` ${ack(n)}`, bodies[n % bodies.length]!)),
      'latin1',
    )
  },
  'more than was asked for': ({ socket, sid, ack }) => {
    socket.write(many(20_000, n => message(sid, ` ${ack(n)}`, ALERT)))
  },
  'nothing any more': () => {},
}

describe.concurrent.each(Object.entries(READERS))('%s', (_, open) => {
  const survives = (treat: (asked: Asked) => void, connections: number) => async (context: TestContext) => {
    const server = await hostileNats(context, treat)
    const lines: string[] = []
    const end = await open(server, lines)
    await until('it has asked for messages', () => server.asked > 0)
    await until('it has connected as often', () => server.connections >= connections)
    await end()
    expect(lines.length).toBeLessThan(5)
  }
  for (const [what, treat] of Object.entries(GIVEN_UP)) test(what, survives(treat, 2))
  for (const [what, treat] of Object.entries(BORNE)) test(what, survives(treat, 1))
})
