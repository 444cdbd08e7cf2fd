import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Channel, type ChannelModel, connect, type GetMessage } from 'amqplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { freePort } from '../../../../scripts/testing/port.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { rabbitmq } from '../../src/transports/rabbitmq.ts'
import { idOf, item, open, patient } from './items.ts'
import { certificates, missingModule } from './peer.ts'
import { python } from './python.ts'
import { missingRabbit, rabbitServer } from './rabbitmq.ts'

const PIKA = `
import json, pika, sys
channel = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel()
method, properties, body = channel.basic_get(sys.argv[2], auto_ack=True)
print(json.dumps([method.routing_key, vars(properties), body.decode()]))
`

describe.skipIf(skipped('peers', missingRabbit))('RabbitMQ', () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-rabbitmq-'))
  let broker: Awaited<ReturnType<typeof rabbitServer>>
  let tlsPort: number
  let pem: ReturnType<typeof certificates>
  let reader: ChannelModel
  let channel: Channel

  beforeAll(async () => {
    pem = certificates(dir)
    tlsPort = await freePort()
    broker = await rabbitServer([
      `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
      `ssl_options.cacertfile = ${pem.ca}`,
      `ssl_options.certfile = ${pem.cert}`,
      `ssl_options.keyfile = ${pem.key}`,
      'ssl_options.verify = verify_peer',
      'ssl_options.fail_if_no_peer_cert = true',
      'max_message_size = 20000',
    ])
    reader = await connect(broker.url)
    reader.on('error', () => {})
    channel = await reader.createChannel()
  })

  afterAll(async () => {
    await broker?.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  async function take(queue: string): Promise<GetMessage[]> {
    const messages: GetMessage[] = []
    for (let message = await channel.get(queue); message; message = await channel.get(queue)) {
      messages.push(message)
      channel.ack(message)
    }
    return messages
  }

  test('one persistent message per alert, routed by priority and rule', async () => {
    const transport = await open(rabbitmq, { url: broker.url, exchange: 'e1', queue_name: 'all' })
    await channel.assertQueue('critical')
    await channel.bindQueue('critical', 'e1', 'falco.Critical.#')
    const items = [item(1), item(2, { priority: 'Critical' })]
    expect(await transport.send(items, patient())).toEqual({ delivered: 2 })
    expect((await take('critical')).map(({ properties }) => properties.messageId)).toEqual([idOf(2)])
    const [first, second] = await take('all')
    expect([first!.properties.messageId, second!.properties.messageId]).toEqual([idOf(1), idOf(2)])
    expect(first!.fields.routingKey).toBe('falco.Notice.Terminal_shell_in_container')
    expect(String(first!.content)).toBe(items[0]!.body)
    expect(first!.properties).toMatchObject({
      deliveryMode: 2,
      timestamp: 1_700_000_000,
      type: 'Terminal shell in container',
      contentType: 'application/json',
      headers: { rule: 'Terminal shell in container', priority: 'Notice', source: 'syscall', hostname: 'node-1' },
    })
  })

  test.skipIf(skipped('peers', missingModule('pika')))('a message is readable by another client', async () => {
    const transport = await open(rabbitmq, { url: broker.url, exchange: 'e0', queue_name: 'pika' })
    await transport.send([item(1)], patient())
    const [, { message_id, type, delivery_mode, content_type, timestamp, headers }, body] = JSON.parse(
      await python(PIKA, '', [broker.url, 'pika']),
    )
    expect({ message_id, type, delivery_mode, content_type, timestamp, body }).toEqual({
      ...{
        message_id: idOf(1),
        type: 'Terminal shell in container',
        delivery_mode: 2,
        content_type: 'application/json',
      },
      ...{ timestamp: 1_700_000_000, body: item(1).body },
    })
    expect(headers).toEqual({
      ...{ rule: 'Terminal shell in container', priority: 'Notice', source: 'syscall', hostname: 'node-1' },
    })
  })

  test('alerts reach a queue through the default exchange, as in falcosidekick', async () => {
    const transport = await open(rabbitmq, { url: broker.url, exchange: '', queue_name: 'plain' })
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
    expect(await take('plain')).toHaveLength(1)
  })

  test('an alert that no queue takes is a misconfiguration, unless mandatory is off', async () => {
    const transport = await open(rabbitmq, { url: broker.url, exchange: 'e2' })
    await channel.assertQueue('notices')
    await channel.bindQueue('notices', 'e2', 'falco.Notice.#')
    const items = [item(1), item(2, { priority: 'Debug' }), item(3)]
    expect(await transport.send(items, patient())).toMatchObject({
      delivered: 1,
      items: [{ class: 'misconfigured', cause: 'unroutable' }, undefined],
    })
    expect(await take('notices')).toHaveLength(2)
    const careless = await open(rabbitmq, { url: broker.url, exchange: 'e2', mandatory: false })
    expect(await careless.send([item(2, { priority: 'Debug' })], patient())).toEqual({ delivered: 1 })
  })

  test('a value cannot add words to the routing key, and long keys are cut', async () => {
    const transport = await open(rabbitmq, {
      url: broker.url,
      exchange: 'e3',
      queue_name: 'odd',
      routing_key: `falco.x${'.%proc.name'.repeat(5)}`,
    })
    const odd = { 'proc.name': '#.*\u0000', 'container.id': 'x' }
    const long = { 'proc.name': 'é'.repeat(20) + 'x'.repeat(1000) }
    const rule = '規'.repeat(200)
    const answer = await transport.send(
      [item(1, { output_fields: odd }), item(2, { output_fields: long, rule })],
      patient(),
    )
    expect(answer).toEqual({ delivered: 2 })
    const [one, two] = await take('odd')
    expect(one!.fields.routingKey).toBe('falco.x._._._._._')
    expect(two!.fields.routingKey).toHaveLength(255)
    expect(two!.properties.type).toBe('規'.repeat(85))
    expect(two!.properties.headers!.rule).toBe(rule)
  })

  test('an alert larger than max_message_size is poison; those after it are sent again', async () => {
    const values = { url: broker.url, exchange: 'e4', queue_name: 'large' }
    const large = { ...item(2), body: 'x'.repeat(30_000) }
    const transport = await open(rabbitmq, values)
    const { delivered, items } = await transport.send([item(1), large, item(3)], patient())
    const fates = [...Array(delivered).fill(undefined), ...items!] as typeof items
    expect(fates![1]).toMatchObject({ class: 'poison', cause: 'too_large', reconnect: true })
    expect(fates![2]).toMatchObject({ class: 'later', reconnect: true })
    expect(await transport.send([item(3)], patient())).toMatchObject({ failure: { class: 'later', reconnect: true } })
    const again = await open(rabbitmq, values)
    expect(await again.send([item(3)], patient())).toEqual({ delivered: 1 })
  })

  test('a wrong password and an exchange of another type are misconfigurations', async () => {
    await expect(open(rabbitmq, { url: broker.url, username: 'guest', password: 'secret-1' })).rejects.toMatchObject({
      class: 'misconfigured',
      message: expect.not.stringContaining('secret-1'),
    })
    const existing = open(rabbitmq, { url: broker.url, exchange: 'amq.direct' })
    await expect(existing).rejects.toMatchObject({ class: 'misconfigured' })
    const absent = open(rabbitmq, { url: broker.url, exchange: 'nowhere', declare: false })
    await expect(absent).rejects.toMatchObject({ class: 'misconfigured' })
  })

  test('TLS with a private CA and a client certificate', async () => {
    const url = `amqps://127.0.0.1:${tlsPort}`
    const values = { url, queue_name: 'tls', tls_ca: pem.ca, tls_cert: pem.clientCert, tls_key: pem.clientKey }
    const transport = await open(rabbitmq, values)
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
    await expect(open(rabbitmq, { url })).rejects.toMatchObject({ class: 'misconfigured' })
  })

  test('a broker that is low on memory blocks alerts; they are delivered once it has recovered', async () => {
    const transport = await open(rabbitmq, { url: broker.url, exchange: 'e5', queue_name: 'blocked' })
    broker.control('set_vm_memory_high_watermark', '0.000001')
    const first = await transport.send([item(1)], AbortSignal.timeout(1000))
    const failure = await until('the broker blocks', async () => {
      const { failure } = await transport.send([item(1)], AbortSignal.timeout(1000))
      return failure?.cause === 'blocked' && failure
    })
    expect(failure).toMatchObject({ class: 'later' })
    expect([0, 1]).toContain(first.delivered)
    broker.control('set_vm_memory_high_watermark', '0.9')
    await until('the broker takes alerts again', async () => {
      const again = await open(rabbitmq, { url: broker.url, exchange: 'e5', queue_name: 'blocked' })
      const { delivered } = await again.send([item(1)], patient())
      await again.close()
      return delivered === 1
    })
  })

  test('a send times out if the broker hangs, and fails if it dies', async () => {
    const transport = await open(rabbitmq, { url: broker.url, queue_name: 'q' })
    await broker.daemon.hang()
    expect(await transport.send([item(1)], AbortSignal.timeout(200))).toMatchObject({
      failure: { class: 'later', cause: 'timeout', reconnect: true },
    })
    const sending = transport.send([item(2)], patient())
    await broker.daemon.down()
    expect(await sending).toMatchObject({ delivered: 0, items: [{ class: 'later', reconnect: true }] })
    await expect(open(rabbitmq, { url: broker.url })).rejects.toMatchObject({ class: 'later' })
  })
})
