import { writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { alerts } from '@falc/engine'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type Msg, nkeys } from '@nats-io/transport-node'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EMPTY } from '../../../../scripts/testing/empty.ts'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { configuredDelivery, falcoJson, readOutput } from '../../src/index.ts'
import { nats } from '../../src/transports/nats.ts'
import { alert, context, idOf, item, open, patient } from './items.ts'
import { natsServer, natsStream } from './nats.ts'
import { cannotCertify, certificates, folder, missing } from './peer.ts'

async function server(
  config = '',
): Promise<{ url: string; port: number; stop(): Promise<void>; hang(): Promise<void> }> {
  const path = join(folder(), 'nats.conf')
  writeFileSync(path, config)
  const { daemon, url, port } = await natsServer(['-c', path])
  onTestFinished(() => daemon.stop())
  return { url, port, stop: () => daemon.stop(), hang: () => daemon.hang() }
}

async function subscriber(url: string, subject: string, user: Record<string, string> = {}): Promise<Msg[]> {
  const connection = await connect({ servers: url, ...user })
  onTestFinished(() => connection.close())
  const messages: Msg[] = []
  connection.subscribe(subject, { callback: (_, message) => void messages.push(message) })
  await connection.flush()
  return messages
}

/** A subscription without a client library. @returns what has arrived since it took effect */
async function wire(port: number, subject: string): Promise<() => string> {
  const socket = connectTcp(port, '127.0.0.1').setEncoding('utf8')
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', chunk => (text += chunk))
  socket.write(`CONNECT {"verbose":false,"pedantic":true,"headers":true}\r\nSUB ${subject} 1\r\nPING\r\n`)
  await until('the subscription', () => text.includes('PONG\r\n'))
  const from = text.indexOf('PONG\r\n') + 6
  return () => text.slice(from).replaceAll(/^PING\r\n/gm, '')
}

describe.skipIf(skipped('peers', missing('nats-server')))('NATS', () => {
  test('a subscriber of FALCO.* gets every alert, one of FALCO.Notice those of its priority', async () => {
    const { url } = await server()
    const all = await subscriber(url, 'FALCO.*')
    const notices = await subscriber(url, 'FALCO.Notice')
    const transport = await open(nats, { url: [url] })
    const items = [item(1), item(2, { priority: 'Critical' }), item(3)]
    expect(await transport.send(items, patient())).toEqual({ delivered: 3 })
    await until('both have what is theirs', () => all.length === 3 && notices.length === 2)
    expect(all.map(message => message.subject)).toEqual(['FALCO.Notice', 'FALCO.Critical', 'FALCO.Notice'])
    expect(notices.map(message => message.headers?.get('Nats-Msg-Id'))).toEqual([idOf(1), idOf(3)])
    const [{ headers, data }] = all as [Msg]
    expect(headers?.get('Falco-Rule')).toBe('Terminal shell in container')
    expect(headers?.get('Falco-Priority')).toBe('Notice')
    expect(headers?.get('Content-Type')).toBe('application/json')
    expect(new TextDecoder().decode(data)).toBe(items[0]!.body)
  })

  test('the bytes that a subscriber gets on the wire, without a client library', async () => {
    const { url, port } = await server()
    const all = await wire(port, 'FALCO.*')
    const notices = await wire(port, 'FALCO.Notice')
    const transport = await open(nats, { url: [url] })
    const items = [item(1), item(2, { priority: 'Critical' })]
    expect(await transport.send(items, patient())).toEqual({ delivered: 2 })
    const message = (n: number, priority: string, { body }: { body: string }) => {
      const headers = [
        `Nats-Msg-Id: ${idOf(n)}`,
        'Falco-Rule: Terminal shell in container',
        `Falco-Priority: ${priority}`,
      ]
      const head = `NATS/1.0\r\n${headers.join('\r\n')}\r\nContent-Type: application/json\r\n\r\n`
      return `HMSG FALCO.${priority} 1 ${head.length} ${head.length + body.length}\r\n${head}${body}\r\n`
    }
    const [notice, critical] = [message(1, 'Notice', items[0]!), message(2, 'Critical', items[1]!)]
    await until('both have what is theirs', () => all().length >= (notice + critical).length && notices() !== '')
    expect(all()).toBe(notice + critical)
    expect(notices()).toBe(notice)
  })

  test('a value cannot add tokens to the subject, nor a rule headers', async () => {
    const { url } = await server()
    const all = await subscriber(url, '>')
    const transport = await open(nats, { url: [url], subject: 'FALCO.%proc.name.%alert.rule' })
    const fields = { 'proc.name': 'a.b *>\r\nPUB $SYS.x 0' }
    const answer = await transport.send(
      [item(1, { rule: 'x\r\nNats-Msg-Id: forged', output_fields: fields })],
      patient(),
    )
    expect(answer).toEqual({ delivered: 1 })
    await until('the message', () => all.length === 1)
    expect(all[0]!.subject).toBe('FALCO.a_b_PUB_SYS_x_0.x_Nats-Msg-Id_forged')
    expect(all[0]!.headers?.get('Nats-Msg-Id')).toBe(idOf(1))
    expect(all[0]!.headers?.get('Falco-Rule')).toBe('x Nats-Msg-Id: forged')
  })

  test.each(['FALCO.*', 'FALCO.>', 'FALCO %alert.rule', '%proc.name.x', 'FALCO..x', '$SYS.%alert.rule'])(
    'refuses the subject %s',
    async subject => {
      await expect(
        nats.open({ url: ['nats://127.0.0.1:1'], subject, tls_insecure: false } as never, context),
      ).rejects.toMatchObject({ class: 'misconfigured', code: 'subject' })
    },
  )

  test('JetStream stores an alert once, even if it is sent twice', async () => {
    const peer = await natsStream.start()
    onTestFinished(() => peer.stop())
    const transport = await open(nats, peer.options())
    expect(await transport.send([item(1), item(2)], patient())).toEqual({ delivered: 2 })
    const again = await open(nats, peer.options())
    expect(await again.send([item(1), item(2), item(3)], patient())).toEqual({ delivered: 3 })
    expect((await peer.received()).map(({ id }) => id)).toEqual([idOf(1), idOf(2), idOf(3)])
  })

  test('JetStream drops the duplicate of an alert that is sent again after a timeout', async () => {
    const peer = await natsStream.start()
    onTestFinished(() => peer.stop())
    const source = alerts()
    const item = { name: 'bus', type: 'nats', timeout: '500ms', ...peer.options() }
    const delivery = configuredDelivery(
      readOutput(item, { path: [], source: () => source, warn: (_, reason) => expect.fail(reason) }),
      {
        hostname: 'node-1',
        source,
        format: () => falcoJson({ id: true }),
        backoff: { first: 20, max: 100 },
        log: () => {},
      },
    )
    onTestFinished(() => delivery.close(0))
    delivery.push(alert(1))
    await delivery.flush()
    // Data sent to a hanging server waits in its socket: once resumed, it reads the data, and then the repetition.
    await peer.hang!()
    for (let n = 2; n <= 6; n++) delivery.push(alert(n))
    await until('it has repeated', () => delivery.stats.retries >= 1)
    await peer.up()
    await delivery.flush()
    expect(delivery.stats).toMatchObject({ delivered: 6, queued: 0, dropped: EMPTY })
    expect((await peer.received()).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6].map(idOf))
  })

  test('a new stream gets the configured limits; an existing one stays as it is', async () => {
    const { url } = await server()
    await open(nats, { url: [url], stream: 'FALCO', max_age: 3_600_000, max_bytes: 1 << 20, duplicate_window: 30_000 })
    await open(nats, { url: [url], stream: 'FALCO', max_age: 7_200_000 })
    const connection = await connect({ servers: url })
    onTestFinished(() => connection.close())
    const { config } = await (await jetstreamManager(connection)).streams.info('FALCO')
    expect(config).toMatchObject({
      subjects: ['FALCO.>'],
      max_age: 3_600_000 * 1e6,
      max_bytes: 1 << 20,
      duplicate_window: 30_000 * 1e6,
    })
  })

  test('if no stream covers the subject, alerts wait', async () => {
    const { url } = await server()
    await open(nats, { url: [url], stream: 'FALCO' })
    const transport = await open(nats, { url: [url], stream: 'FALCO', subject: 'ELSEWHERE.%alert.priority' })
    expect(await transport.send([item(1)], patient())).toMatchObject({
      delivered: 0,
      items: [{ class: 'misconfigured', cause: 'no_stream' }],
    })
  })

  test('an alert larger than max_payload is poison; the others are delivered', async () => {
    const { url } = await server('max_payload: 2048')
    const all = await subscriber(url, 'FALCO.*')
    const transport = await open(nats, { url: [url] })
    const large = { ...item(2), body: 'x'.repeat(3000) }
    expect(await transport.send([item(1), large, item(3)], patient())).toMatchObject({
      delivered: 1,
      items: [{ class: 'poison', cause: 'too_large' }, undefined],
    })
    await until('the two others', () => all.length === 2)
  })

  test.each(['core', 'JetStream'])('%s: a user without permission to publish is a misconfiguration', async kind => {
    const { url } = await server(`authorization { users = [
      { user: ro, password: pw, permissions: { publish: ["$JS.API.>"], subscribe: ">" } } ] }`)
    const login = { url: [url], username: 'ro', password: 'pw' }
    const transport = await open(nats, { ...login, ...(kind === 'JetStream' && { stream: 'FALCO' }) })
    const { failure } = await transport.send([item(1)], patient())
    expect(failure).toMatchObject({ class: 'misconfigured', cause: 'PermissionViolationError' })
  })

  test('login by password, token and nkey', async () => {
    const { url } = await server('authorization { user: u, password: p }')
    await open(nats, { url: [url], username: 'u', password: 'p' })
    const denied = nats.open({ url: [url], subject: 'FALCO.x', username: 'u', password: 'wrong' } as never, context)
    await expect(denied).rejects.toMatchObject({
      class: 'misconfigured',
      message: expect.not.stringContaining('wrong'),
    })
    const withToken = await server('authorization { token: t0ken }')
    await open(nats, { url: [withToken.url], token: 't0ken' })
    const seed = nkeys.createUser()
    const withKey = await server(`authorization { users = [ { nkey: ${seed.getPublicKey()} } ] }`)
    await open(nats, { url: [withKey.url], nkey: new TextDecoder().decode(seed.getSeed()) })
  })

  test.skipIf(cannotCertify())('TLS with a private CA and a client certificate', async () => {
    const pem = certificates()
    const { port } = await server(
      `tls { cert_file: "${pem.cert}", key_file: "${pem.key}", ca_file: "${pem.ca}", verify: true }`,
    )
    const url = [`tls://127.0.0.1:${port}`]
    const transport = await open(nats, { url, tls_ca: pem.ca, tls_cert: pem.clientCert, tls_key: pem.clientKey })
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
    const unknown = nats.open({ url, subject: 'FALCO.x' } as never, context)
    await expect(unknown).rejects.toMatchObject({ class: 'misconfigured' })
  })

  test('a send times out if the server hangs, and fails if it dies', async () => {
    const { url, hang, stop } = await server()
    const transport = await open(nats, { url: [url] })
    await hang()
    expect(await transport.send([item(1)], AbortSignal.timeout(200))).toMatchObject({
      failure: { class: 'later', cause: 'timeout', reconnect: true },
    })
    const sending = transport.send([item(1)], patient())
    await stop()
    expect(await sending).toMatchObject({ delivered: 0, failure: { class: 'later', reconnect: true } })
    await expect(nats.open({ url: [url], subject: 'FALCO.x' } as never, context)).rejects.toMatchObject({
      class: 'later',
    })
  })
})
