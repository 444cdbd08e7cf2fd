import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { freePort } from '../../../../scripts/testing/port.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { kafka } from '../../src/transports/kafka.ts'
import { idOf, item, open, patient } from './items.ts'
import { missingKcat, mockBroker } from './kafka.ts'
import { cannotCertify, certificates, missingModule } from './peer.ts'

async function broker(topic?: string) {
  const mock = await mockBroker(topic)
  onTestFinished(() => mock.daemon.stop())
  return { ...mock, brokers: [mock.address] }
}

describe.skipIf(skipped('peers', missingKcat))('Kafka', () => {
  test('one record per alert, with key, headers and the time of the alert', async () => {
    const { brokers, records } = await broker()
    const transport = await open(kafka, { brokers })
    const items = [item(1), item(2, { priority: 'Critical', rule: 'Ünusual\nrule' })]
    expect(await transport.send(items, patient())).toEqual({ delivered: 2 })
    await until('both records', () => records().length === 2)
    const [one, two] = records()
    expect(one).toMatchObject({
      topic: 'falco',
      key: 'node-1',
      ts: 1_700_000_000_123,
      payload: items[0]!.body,
      headers: [
        'id',
        idOf(1),
        'rule',
        'Terminal shell in container',
        'priority',
        'Notice',
        'content-type',
        'application/json',
      ],
    })
    expect(two!.headers.slice(0, 4)).toEqual(['id', idOf(2), 'rule', 'Ünusual\nrule'])
  })

  test('alerts with the same key keep their order', async () => {
    const { brokers, records } = await broker()
    const transport = await open(kafka, { brokers, key: '%container.id' })
    const items = Array.from({ length: 200 }, (_, n) => item(n, { output_fields: { 'container.id': `c${n % 7}` } }))
    expect(await transport.send(items.slice(0, 120), patient())).toEqual({ delivered: 120 })
    expect(await transport.send(items.slice(120), patient())).toEqual({ delivered: 80 })
    await until('all records', () => records().length === 200)
    for (let key = 0; key < 7; key++) {
      const mine = records().filter(record => record.key === `c${key}`)
      expect(new Set(mine.map(({ partition }) => partition)).size).toBe(1)
      expect(mine.map(({ payload }) => JSON.parse(payload).n)).toEqual(
        items.flatMap((_, n) => (n % 7 === key ? [n] : [])),
      )
    }
  })

  test.skipIf(skipped('peers', missingModule('kafka')))('a record is readable by another client', async () => {
    const { address, brokers } = await broker()
    const transport = await open(kafka, { brokers, topic: 'alerts-%proc.name' })
    await transport.send([item(1, { output_fields: { 'proc.name': '../x' } })], patient())
    const script = join(import.meta.dirname, 'kafka_read.py')
    const { stdout } = await promisify(execFile)('/usr/bin/python3', [script, address, 'alerts-_x'])
    expect(JSON.parse(stdout)).toEqual({
      key: 'node-1',
      headers: {
        id: idOf(1),
        rule: 'Terminal shell in container',
        priority: 'Notice',
        'content-type': 'application/json',
      },
      value: item(1).body,
      time: 1_700_000_000_123,
    })
  })

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])('records compressed with %s arrive', async compression => {
    const { brokers, records } = await broker()
    const transport = await open(kafka, { brokers, compression })
    expect(await transport.send([item(1), item(2)], patient())).toEqual({ delivered: 2 })
    await until('both records', () => records().length === 2)
    expect(new Set(records().map(({ payload }) => payload))).toEqual(new Set([item(1).body, item(2).body]))
  })

  test.skipIf(cannotCertify())('TLS with a private CA and a client certificate', async () => {
    const { address } = await broker()
    const pem = certificates()
    const clients: string[] = []
    // The mock broker speaks no TLS: this server terminates it. The address that the broker advertises bypasses it.
    const files = { ca: readFileSync(pem.ca), cert: readFileSync(pem.cert), key: readFileSync(pem.key) }
    const server = createServer({ ...files, requestCert: true }, socket => {
      clients.push(socket.getPeerCertificate().subject.CN as string)
      const [host, port] = address.split(':') as [string, string]
      const plain = connect(Number(port), host)
      for (const end of [socket, plain]) end.on('error', () => {})
      socket.pipe(plain).pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const values = { brokers: [`127.0.0.1:${(server.address() as AddressInfo).port}`], tls: true }
    await open(kafka, { ...values, tls_ca: pem.ca, tls_cert: pem.clientCert, tls_key: pem.clientKey })
    expect(clients).toEqual(['falc'])
    await expect(open(kafka, values)).rejects.toMatchObject({ class: 'misconfigured' })
  })

  test('invalid options are misconfigurations; an unreachable broker is a temporary failure', async () => {
    await expect(open(kafka, { brokers: ['x:1'], topic: '%proc.name' })).rejects.toMatchObject({
      class: 'misconfigured',
    })
    await expect(open(kafka, { brokers: ['x:1'], sasl: 'PLAIN' })).rejects.toMatchObject({ class: 'misconfigured' })
    const brokers = [`127.0.0.1:${await freePort()}`]
    await expect(open(kafka, { brokers })).rejects.toMatchObject({ class: 'later', code: 'ECONNREFUSED' })
  })

  test('a send times out if the broker hangs, and fails if it dies', async () => {
    const { brokers, daemon } = await broker()
    const transport = await open(kafka, { brokers })
    await transport.send([item(0)], patient())
    await daemon.hang()
    expect(await transport.send([item(1)], AbortSignal.timeout(200))).toMatchObject({
      failure: { class: 'later', cause: 'timeout', reconnect: true },
    })
    const sending = transport.send([item(1)], patient())
    await daemon.down()
    expect(await sending).toMatchObject({ delivered: 0, failure: { class: 'later', reconnect: true } })
    expect(await transport.send([item(1)], patient())).toMatchObject({ delivered: 0, failure: { class: 'later' } })
  })
})
