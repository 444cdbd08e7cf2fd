import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { mqtt } from '../../src/transports/mqtt.ts'
import { context, idOf, item, open, patient } from './items.ts'
import { missingMosquitto, mosquitto, subscribe } from './mqtt.ts'
import { cannotCertify, certificates, folder } from './peer.ts'

async function broker(...config: readonly string[]) {
  const server = await mosquitto(config)
  onTestFinished(() => server.daemon.stop())
  return server
}

async function subscriber(port: number, topic: string, ...args: readonly string[]) {
  const { messages, stop } = await subscribe(port, topic, args)
  onTestFinished(() => void stop())
  return messages
}

describe.skipIf(skipped('peers', missingMosquitto))('MQTT', () => {
  test('one message per alert, with user properties and an expiry', async () => {
    const { port, url } = await broker()
    const all = await subscriber(port, 'falco/#')
    const transport = await open(mqtt, { url })
    const items = [item(1), item(2, { priority: 'Critical' })]
    expect(await transport.send(items, patient())).toEqual({ delivered: 2 })
    await until('both messages', () => all.length === 2)
    expect(all.map(({ topic }) => topic)).toEqual(['falco/Notice', 'falco/Critical'])
    expect(all[0]).toMatchObject({
      payload: items[0]!.body,
      qos: 1,
      retain: 0,
      properties: {
        'content-type': 'application/json',
        'payload-format-indicator': 1,
        'user-properties': {
          id: idOf(1),
          rule: 'Terminal shell in container',
          priority: 'Notice',
          source: 'syscall',
          hostname: 'node-1',
        },
      },
    })
    const { 'message-expiry-interval': expiry } = all[0]!.properties as Record<string, number>
    expect(expiry).toBeGreaterThan(86_000)
  })

  test('QoS 0, retained: a new subscriber gets the last alert', async () => {
    const { port, url } = await broker()
    const transport = await open(mqtt, { url, qos: 0, retain: true, topic: 'falco/last' })
    expect(await transport.send([item(1), item(2)], patient())).toEqual({ delivered: 2 })
    const all = await subscriber(port, 'falco/#')
    await until('the retained message', () => all.length === 1)
    expect(all[0]).toMatchObject({ retain: 1, payload: item(2).body })
  })

  test('a value cannot add levels to the topic', async () => {
    const { port, url } = await broker()
    const all = await subscriber(port, '#')
    const transport = await open(mqtt, { url, topic: 'falco/%proc.name/%alert.rule' })
    const change = { rule: 'a/+/#', output_fields: { 'proc.name': '../$SYS/\u0000' } }
    expect(await transport.send([item(1, change)], patient())).toEqual({ delivered: 1 })
    await until('the message', () => all.length === 1)
    expect(all[0]!.topic).toBe('falco/_SYS_/a_')
  })

  test.each(['falco/#', 'falco/+/x', '$SYS/x', '%proc.name'])('refuses the topic %s', async topic => {
    await expect(mqtt.open({ url: 'mqtt://127.0.0.1:1', topic } as never, context)).rejects.toMatchObject({
      class: 'misconfigured',
      code: 'topic',
    })
  })

  test('more alerts than the broker allows unacknowledged arrive in order', async () => {
    const { port, url } = await broker('max_inflight_messages 7')
    const all = await subscriber(port, 'falco/#')
    const transport = await open(mqtt, { url })
    const items = Array.from({ length: 100 }, (_, n) => item(n))
    expect(await transport.send(items, patient())).toEqual({ delivered: 100 })
    await until('all messages', () => all.length === 100)
    expect(all.map(({ payload }) => payload)).toEqual(items.map(({ body }) => body))
  })

  test('an alert larger than the broker’s maximum is poison', async () => {
    const { url } = await broker('max_packet_size 2000')
    const transport = await open(mqtt, { url })
    const large = { ...item(2), body: 'x'.repeat(3000) }
    expect(await transport.send([item(1), large, item(3)], patient())).toMatchObject({
      delivered: 1,
      items: [{ class: 'poison', cause: 'too_large' }, undefined],
    })
  })

  test('a wrong password and a forbidden topic are misconfigurations', async () => {
    const dir = folder()
    const [passwords, access] = [join(dir, 'passwords'), join(dir, 'access')]
    execFileSync('mosquitto_passwd', ['-c', '-b', passwords, 'u', 'right'])
    writeFileSync(access, 'user u\ntopic write falco/#\n')
    const { url } = await broker(`password_file ${passwords}`, `acl_file ${access}`, 'allow_anonymous false')
    const values = { url, username: 'u', password: 'right' }
    expect(await (await open(mqtt, values)).send([item(1)], patient())).toEqual({ delivered: 1 })
    await expect(open(mqtt, { ...values, password: 'secret-1' })).rejects.toMatchObject({
      class: 'misconfigured',
      message: expect.not.stringContaining('secret-1'),
    })
    const elsewhere = await open(mqtt, { ...values, topic: 'elsewhere' })
    expect(await elsewhere.send([item(1)], patient())).toMatchObject({
      delivered: 0,
      items: [{ class: 'misconfigured', cause: 'mqtt_135' }],
    })
  })

  test.skipIf(cannotCertify())('TLS with a private CA and a client certificate', async () => {
    const pem = certificates()
    const { port } = await broker(
      `cafile ${pem.ca}`,
      `certfile ${pem.cert}`,
      `keyfile ${pem.key}`,
      'require_certificate true',
    )
    const url = `mqtts://127.0.0.1:${port}`
    const values = { url, tls_ca: pem.ca, tls_cert: pem.clientCert, tls_key: pem.clientKey }
    expect(await (await open(mqtt, values)).send([item(1)], patient())).toEqual({ delivered: 1 })
    await expect(open(mqtt, { url })).rejects.toMatchObject({ class: 'misconfigured' })
  })

  test('an idle connection is kept alive', async () => {
    const { url, daemon } = await broker('log_type all')
    const transport = await open(mqtt, { url, keep_alive: 3000 })
    await until('two pings', () => daemon.log.split('Received PINGREQ').length > 2)
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
  })

  test('a send times out if the broker hangs, and fails if it dies', async () => {
    const { url, daemon } = await broker()
    const transport = await open(mqtt, { url })
    await daemon.hang()
    expect(await transport.send([item(1)], AbortSignal.timeout(200))).toMatchObject({
      failure: { class: 'later', cause: 'timeout', reconnect: true },
    })
    const sending = transport.send([item(1)], patient())
    await daemon.down()
    expect(await sending).toMatchObject({ delivered: 0, failure: { class: 'later', reconnect: true } })
    expect(await transport.send([item(1)], patient())).toMatchObject({ failure: { class: 'later', reconnect: true } })
    await expect(open(mqtt, { url })).rejects.toMatchObject({ class: 'later', code: 'ECONNREFUSED' })
  })
})

test('connecting to a server that does not speak MQTT fails', async () => {
  const server = createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await expect(open(mqtt, { url: `mqtt://127.0.0.1:${port}` })).rejects.toMatchObject({ class: 'later' })
})
