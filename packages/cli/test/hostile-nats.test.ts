/** Whatever a NATS server sends, its readers keep reading or reconnect, log little, and close on request. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NatsInput as ResponderInput } from '@falc/response'
import { describe, expect, type TestContext, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { NatsInput as ConsoleInput } from '../../console/src/nats.ts'
import { type Asked, type HostileNats, hostileNats } from '../../outputs/test/transports/hostile-nats.ts'
import { auditConsumer } from '../src/sources/audit-nats.ts'
import { startFalc } from './process.ts'

/** Opens a reader of a stream. @returns a function that closes it */
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

/** The reader drops the connection and reconnects. */
const GIVEN_UP: Readonly<Record<string, (asked: Asked) => void>> = {
  'an endless line': asked => pour(asked, 'MSG '),
  'an endless message': asked => pour(asked, `MSG S.a ${asked.sid} ${asked.ack(1)} 900000000\r\n`),
  'an impossible size and endless data': asked => pour(asked, `MSG S.a ${asked.sid} ${asked.ack(1)} 4000000000\r\n`),
  'a closed connection': ({ socket }) => void socket.destroy(),
  'an authorisation error': ({ socket }) => void socket.end("-ERR 'Authorization Violation'\r\n"),
  'a malformed line': ({ socket }) => void socket.write('MSG a b c d e\r\n'),
}

/** The reader survives it. */
const BORNE: Readonly<Record<string, (asked: Asked) => void>> = {
  'invalid acknowledgement subjects': ({ socket, sid }) => {
    for (const reply of [
      '',
      ' x',
      ' $JS.ACK',
      ' $JS.ACK.S.d.x.y.z.t.q',
      ' $JS.ACK.S.d.1.1.1.99999999999999999999999.0',
    ])
      socket.write(message(sid, reply, ALERT) + message(sid, reply, 'no alert'))
  },
  'malformed headers and any status': asked => {
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
  'invalid messages': ({ socket, sid, ack }) => {
    const bodies = ['{}', '[]', 'null', '{"rule":1}', '\u00ff']
    socket.write(
      many(3000, n => message(sid, ` ${ack(n)}`, bodies[n % bodies.length]!)),
      'latin1',
    )
  },
  'more messages than requested': ({ socket, sid, ack }) => {
    socket.write(many(20_000, n => message(sid, ` ${ack(n)}`, ALERT)))
  },
  silence: () => {},
}

describe.concurrent.each(Object.entries(READERS))('%s', (_, open) => {
  const bears =
    (treat: (asked: Asked) => void, isOver: (server: HostileNats) => boolean) => async (context: TestContext) => {
      const server = await hostileNats(context, treat)
      const lines: string[] = []
      const end = await open(server, lines)
      await until('it has asked for messages', () => server.asked > 0)
      await until('it has read them or reconnected', () => isOver(server))
      await end()
      expect(lines.length).toBeLessThan(5)
    }
  for (const [what, treat] of Object.entries(GIVEN_UP))
    test(
      `reconnects after ${what}`,
      bears(treat, ({ connections }) => connections > 1),
    )
  for (const [what, treat] of Object.entries(BORNE)) {
    let isFirst = true
    const andPing = (asked: Asked) => {
      // Messages make the reader ask again.
      if (!isFirst) return
      isFirst = false
      treat(asked)
      asked.socket.write('PING\r\n')
    }
    test(
      `survives ${what}`,
      bears(andPing, ({ pongs, connections }) => pongs > 0 && connections === 1),
    )
  }
})

test('the client library prints what the server has sent: on standard error, printable and cut', async context => {
  const server = await hostileNats(
    context,
    ({ socket }) => void socket.write(`MSG \u001b[2J${'x'.repeat(100_000)} c d e\r\n`),
  )
  const folder = mkdtempSync(join(tmpdir(), 'falc-hostile-nats-'))
  context.onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'book.yaml'),
    '- { playbook: p, when: alert.rule = Shell, steps: [{ stop_container: }] }\n',
  )
  const args = ['-f', 'book.yaml', '--folder', 'journal', '--nats', server.url, '--stream', 'S', '--durable', 'd']
  const falc = startFalc(['respond', ...args], folder)
  await falc.sees('reader closed')
  await until('it has reconnected', () => server.connections > 1)
  falc.child.kill('SIGTERM')
  await falc.exit
  const { stdout, stderr } = falc.output
  expect(stdout).not.toContain('reader closed')
  expect(stderr).toContain('\\u001b[2Jxxx')
  expect(stderr).not.toContain('\u001b')
  for (const line of stderr.split('\n')) expect(line.length).toBeLessThan(1100)
})
