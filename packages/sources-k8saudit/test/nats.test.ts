/** Batches on their way through JetStream, with a real server: responses, acknowledgements and failures. */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { eventually, until } from '../../../scripts/testing/wait.ts'
import { natsServer } from '../../outputs/test/transports/nats.ts'
import { missing } from '../../outputs/test/transports/peer.ts'
import { AuditConsumer, type AuditConsumerOptions } from '../src/nats/consumer.ts'
import { AuditPublisher, type AuditPublisherOptions } from '../src/nats/publisher.ts'
import { byWorkers } from './shared.ts'

const event = (id: string, note = '') => ({ kind: 'Event', auditID: id, stage: 'Panic', note })
const list = (items: readonly unknown[]) =>
  Buffer.from(JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items }))
const body = (...ids: readonly string[]) => list(ids.map(id => event(id)))

describe.skipIf(skipped('peers', missing('nats-server')))('audit events on JetStream', () => {
  let server: Awaited<ReturnType<typeof natsServer>>
  let connection: NatsConnection
  let manager: JetStreamManager
  let stream = ''
  let tests = 0
  beforeAll(async () => {
    server = await natsServer()
    connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 20 })
    manager = await jetstreamManager(connection)
  })
  afterAll(async () => {
    await connection.close()
    await server.daemon.stop()
  })
  beforeEach(() => {
    stream = `T${++tests}`
  })

  const receiver = (options: Partial<AuditPublisherOptions> = {}) =>
    AuditPublisher.open({ connection, stream, maxBytes: 1 << 28, ...options })

  /** A worker that runs until the test ends or `stop`; before each event, it waits for what `hold` returns. */
  async function worker(options: Partial<AuditConsumerOptions> = {}, hold: (id: string) => unknown = () => {}) {
    const ids: string[] = []
    const stopping = new AbortController()
    const { signal } = stopping
    const at = await AuditConsumer.open({ connection, stream, maxBytes: 1 << 28, ackWait: 60_000, signal, ...options })
    const stopped = (async () => {
      for await (const events of at.batches())
        for (const { root } of events) {
          await hold(String(root.auditID))
          ids.push(String(root.auditID))
        }
    })()
    const stop = async () => {
      stopping.abort()
      await stopped
    }
    onTestFinished(() => stop().catch(() => {}))
    return { ids, at, stop, stopped }
  }
  const left = async () => {
    const { num_pending, num_ack_pending } = await manager.consumers.info(stream, 'falc')
    return num_pending + num_ack_pending
  }
  const done = () => until('all is acknowledged', async () => (await left()) === 0)
  async function deadLetters() {
    const { state } = await manager.streams.info(`${stream}_DEAD`)
    const letters = []
    for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq++) {
      const letter = await manager.streams.getMessage(`${stream}_DEAD`, { seq })
      if (letter) letters.push(letter)
    }
    return letters
  }

  test('an accepted batch is evaluated; one that is sent again is stored once', async () => {
    const { forward } = await receiver()
    expect(await forward(body('1', '2'))).toBeUndefined()
    expect(await forward(body('1', '2'))).toBeUndefined()
    expect(await forward(body('3'))).toBeUndefined()
    const one = await worker()
    await done()
    expect(one.ids).toEqual(['1', '2', '3'])
    expect(one.at.counts).toMatchObject({ batches: { received: 2, redelivered: 0, acknowledged: 2, returned: 0 } })
    // Acknowledged batches take no room.
    await eventually(async () => expect((await manager.streams.info(stream)).state.messages).toBe(0))
  })

  test('bodies larger than a message are cut or compressed, or else refused and reported', async () => {
    const problems: string[] = []
    const at = await receiver({ onProblem: ({ cause }) => problems.push(cause) })
    const kilobyte = 'x'.repeat(1000)
    const many = Array.from({ length: 3000 }, (_, i) => event(`m${i}`, kilobyte))
    expect(await at.forward(list(many))).toBeUndefined()
    expect(at.counts.batches).toMatchObject({ stored: 4 })
    expect(await at.forward(list([event('large', 'y'.repeat(2 << 20))]))).toBeUndefined()
    const noise = event('noise', randomBytes(1_200_000).toString('base64'))
    expect(await at.forward(list([noise]))).toMatchObject({ status: 413 })
    expect(await at.forward(list([noise, event('beside')]))).toBeUndefined()
    expect(problems).toEqual(['too-large', 'too-large'])
    const one = await worker()
    await done()
    expect(one.ids).toEqual([...many.map(({ auditID }) => auditID), 'large', 'beside'])
  })

  test('while the server hangs or is down, bodies are refused; later, they are accepted again', async () => {
    const at = await receiver({ deadline: 300 })
    const unavailable = { status: 503, retryAfter: 1 }
    await server.daemon.hang()
    expect(await at.forward(body('1'))).toMatchObject(unavailable)
    expect(await at.forward(body('2'))).toMatchObject(unavailable)
    await server.daemon.up()
    await until('it answers', async () => (await at.forward(body('1'))) === undefined)
    await server.daemon.down()
    await until('the connection is gone', () => !at.counts.connected)
    expect(await at.forward(body('3'))).toMatchObject(unavailable)
    await server.daemon.up()
    await until('it is back', async () => (await at.forward(body('3'))) === undefined)
    expect(at.counts.batches['refused-unavailable']).toBeGreaterThan(2)
    const one = await worker()
    await done()
    expect(one.ids).toEqual(['1', '3'])
  })

  test('a full stream accepts no more, and loses nothing it accepted', async () => {
    const { forward } = await receiver({ maxBytes: 30_000 })
    const answers = []
    for (let i = 0; i < 40; i++) answers.push(await forward(list([event(`${i}`, randomBytes(1000).toString('hex'))])))
    const taken = answers.flatMap((answer, i) => (answer === undefined ? [`${i}`] : []))
    expect(taken.length).toBeGreaterThan(5)
    expect(taken.length).toBeLessThan(40)
    const one = await worker()
    await done()
    expect(one.ids).toEqual(taken)
  })

  test('the size of bodies being stored is bounded: more of them get 429', async () => {
    const at = await receiver({ maxBytesInFlight: 100 })
    const answers = await Promise.all([body('1', '2'), body('3', '4'), body('5', '6')].map(one => at.forward(one)))
    expect(answers).toEqual([undefined, expect.objectContaining({ status: 429, retryAfter: 1 }), expect.anything()])
    expect(at.counts.batches).toMatchObject({ stored: 1, 'refused-busy': 2 })
  })

  test('a batch that cannot be evaluated goes to the dead letters unchanged, and is counted', async () => {
    const bad: readonly (readonly [cause: string, data: string | Buffer, encoding?: string])[] = [
      ['bad-json', 'garbage'],
      ['not-an-event', '{"kind":"Pod"}'],
      ['too-deep', `{"kind":"Event","a":${'['.repeat(5000)}${']'.repeat(5000)}}`],
      ['not-an-event', '{"kind":"EventList","items":[{"auditID":"a"},7,{"auditID":"b"}]}'],
      ['too-large', gzipSync(Buffer.alloc(13 << 20, 0x20)), 'gzip'],
      ['bad-json', '{}', 'gzip'],
    ]
    await receiver()
    const publisher = jetstream(connection)
    for (const [, data, encoding] of bad) {
      const own = headers()
      if (encoding) own.set('Content-Encoding', encoding)
      await publisher.publish(`${stream}.events`, Buffer.from(data), { headers: own })
    }
    await publisher.publish(`${stream}.events`, body('good'))
    const one = await worker()
    await done()
    expect(one.ids).toEqual(['a', 'b', 'good'])
    const letters = await deadLetters()
    expect(letters.map(({ subject }) => subject).toSorted()).toEqual(
      bad.map(([cause]) => `${stream}_DEAD.${cause}`).toSorted(),
    )
    for (const [i, [, data, encoding]] of bad.entries()) {
      const letter = letters.find(({ header }) => header.get('Falc-Sequence') === `${i + 1}`)!
      expect(Buffer.from(letter.data)).toEqual(Buffer.from(data))
      expect(letter.header.get('Falc-Reason')).not.toBe('')
      expect(letter.header.get('Content-Encoding')).toBe(encoding ?? '')
    }
    const counts = { 'bad-json': 2, 'not-an-event': 2, 'too-deep': 1, 'too-large': 1 }
    expect(one.at.counts.deadLetters).toEqual({ ...counts, deliveries: 0, worker: 0 })
    expect(one.at.losses()).toEqual(counts)
  })

  test('worker threads evaluate batches in order; one that makes them exit becomes a dead letter', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `w${i}`)
    await receiver()
    const publisher = jetstream(connection)
    for (const [i, id] of ids.entries()) {
      if (i === 20) await publisher.publish(`${stream}.events`, '"END"')
      await publisher.publish(`${stream}.events`, list([{ ...event(id), verb: 'get' }]))
    }
    const stop = new AbortController()
    let at: AuditConsumer | undefined
    const evaluated = byWorkers(
      async options =>
        (at = await AuditConsumer.open({ connection, stream, maxBytes: 1 << 28, window: 6, ...options })),
      { signal: stop.signal, program: new URL('./faulty-worker.ts', import.meta.url) },
    )
    await until('the consumer is there', () => at)
    await done()
    stop.abort()
    const { alerts, losses, shares } = await evaluated
    const got = alerts.map(alert => JSON.parse(alert)).filter(({ rule }) => rule === 'get')
    expect(got.map(({ output_fields }) => output_fields['ka.auditid'])).toEqual(ids)
    expect(shares.reduce((sum, events) => sum + events)).toBe(ids.length)
    expect(losses).toEqual({ worker: 1 })
    const [letter, ...others] = await deadLetters()
    expect([letter?.subject, letter && Buffer.from(letter.data).toString(), others]).toEqual([
      `${stream}_DEAD.worker`,
      '"END"',
      [],
    ])
  })

  test('a batch that makes its workers fail goes to the dead letters; the others are evaluated', async () => {
    const { forward } = await receiver()
    for (const id of ['1', 'fatal', '3']) await forward(body(id))
    const ids: string[] = []
    const fall = (id: string) => {
      if (id === 'fatal') throw new Error('fatal')
    }
    for (let i = 0; i < 2; i++) {
      const one = await worker({ maxDeliveries: 2 }, fall)
      await expect(one.stopped).rejects.toThrow('fatal')
      ids.push(...one.ids)
    }
    const last = await worker({ maxDeliveries: 2 })
    await done()
    expect(new Set([...ids, ...last.ids])).toEqual(new Set(['1', '3']))
    const [letter] = await deadLetters()
    expect(letter!.subject).toBe(`${stream}_DEAD.deliveries`)
    expect(letter!.header.get('Falc-Deliveries')).toBe('3')
    expect(last.at.losses()).toEqual({ deliveries: 1 })
  })

  test('a worker that stops finishes the batch in hand and returns the others to be evaluated elsewhere', async () => {
    const { forward } = await receiver()
    for (let i = 0; i < 6; i++) await forward(body(`${i}a`, `${i}b`))
    const held = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    const one = await worker({}, id => {
      if (id !== '1a') return
      reached.resolve()
      return held.promise
    })
    await reached.promise
    const end = one.stop()
    held.resolve()
    await end
    expect(one.ids).toEqual(['0a', '0b', '1a', '1b'])
    expect(one.at.counts.batches.acknowledged).toBe(2)
    const two = await worker()
    await done()
    expect(two.ids.toSorted()).toEqual(['2a', '2b', '3a', '3b', '4a', '4b', '5a', '5b'])
    expect(two.at.counts.batches.redelivered).toBeGreaterThanOrEqual(one.at.counts.batches.returned!)
  })

  test('a batch is acknowledged only once its alerts are saved', async () => {
    const { forward } = await receiver()
    await forward(body('1'))
    let [safe, asked] = [false, 0]
    const one = await worker({
      saved: async () => {
        asked++
        return safe
      },
    })
    await until('it has asked twice', () => asked > 1)
    expect(one.at.counts.batches.acknowledged).toBe(0)
    expect(await left()).toBe(1)
    safe = true
    await done()
    expect(one.ids).toEqual(['1'])
  })

  test('while a batch takes longer than the ack wait, its worker reports progress to the server', async () => {
    const { forward } = await receiver()
    await forward(body('1'))
    let alive = 0
    const told = connection.subscribe(`$JS.ACK.${stream}.falc.>`, {
      callback: (_, message) => {
        if (message.string() === '+WPI') alive++
      },
    })
    const release = Promise.withResolvers<void>()
    const one = await worker({ ackWait: 300 }, () => release.promise)
    await until('it was told', () => alive > 3)
    release.resolve()
    await done()
    told.unsubscribe()
    expect(new Set(one.ids)).toEqual(new Set(['1']))
  })

  test('a stream that was deleted is created again', async () => {
    const troubles: string[] = []
    const one = await worker({ onTrouble: reason => troubles.push(reason) })
    await manager.streams.delete(stream)
    await until('it is there', () => manager.consumers.info(stream, 'falc').catch(() => undefined))
    const { forward } = await receiver()
    expect(await forward(body('1'))).toBeUndefined()
    await eventually(() => expect(one.ids).toEqual(['1']))
    expect(troubles).toHaveLength(1)
  })
})
