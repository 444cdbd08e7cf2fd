/** Alerts that arrive over NATS. */
import { alertJson } from '@falc/engine'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { natsServer } from '../../outputs/test/transports/nats.ts'
import { missing } from '../../outputs/test/transports/peer.ts'
import type { Console } from '../src/index.ts'
import { alert, ask, begin, idOf } from './start.ts'

describe.skipIf(skipped('peers', missing('nats-server')))('a console that reads a stream', () => {
  let server: Awaited<ReturnType<typeof natsServer>>
  let connection: NatsConnection
  let shared: Awaited<ReturnType<typeof begin>>
  const notes: string[] = []
  beforeAll(async () => {
    server = await natsServer()
    shared = await begin({ nats: { url: [server.url] }, note: text => notes.push(text) })
    connection = await connect({ servers: server.url })
  })
  afterAll(async () => {
    await shared?.end()
    await connection?.close()
    await server?.daemon.stop()
  })

  const idsIn = async (console: Console): Promise<string[]> =>
    (await ask(console, '/api/v1/alerts?limit=1000')).json.alerts.map((one: any) => one.alert.id).sort()

  test('waits for the stream, stores the alerts of any sender once, and reports what is not an alert', async () => {
    await until('the console misses the stream', () => notes.some(note => note.startsWith('nats: ')))
    await (await jetstreamManager(connection)).streams.add({ name: 'FALCO', subjects: ['FALCO.>'] })
    // Falco's JSON has no ID: Falc's output has it in a header.
    const named = headers()
    named.set('Nats-Msg-Id', idOf(1))
    connection.publish('FALCO.Notice', alertJson(alert(1)), { headers: named })
    connection.publish('FALCO.Notice', alertJson(alert(1), { id: true }))
    connection.publish('FALCO.x', 'no alert')
    for (let n = 2; n < 700; n++) connection.publish('FALCO.Error', alertJson(alert(n), { id: true }))
    await until('all are there', async () => (await ask(shared.console, '/api/v1/status')).json.count === 699)
    expect((await idsIn(shared.console)).slice(0, 3)).toEqual([1, 2, 3].map(idOf))
    const manager = await jetstreamManager(connection)
    await until('they are acknowledged', async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info('FALCO', 'console')
      return num_pending === 0 && num_ack_pending === 0
    })
    expect(notes.filter(note => note.includes('no alerts'))).toEqual([
      expect.stringMatching(/^nats: messages that were no alerts: 1; the last: FALCO\.x: /),
    ])
  })

  test('can be closed while it connects', async () => {
    const next = await begin({ nats: { url: [server.url], durable: 'another' } })
    await next.end()
  })

  test('stores alerts that were sent while no console was running', async () => {
    await shared.console.close()
    await jetstream(connection).publish('FALCO.Error', alertJson(alert(900), { id: true }))
    const next = await begin({ nats: { url: [server.url] } })
    try {
      await until('it is there', async () => (await idsIn(next.console)).length > 0)
      expect(await idsIn(next.console)).toEqual([idOf(900)])
    } finally {
      await next.end()
    }
  })
})
