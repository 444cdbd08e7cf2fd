import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { redis } from '../../src/transports/redis.ts'
import { idOf, item, open, patient } from './items.ts'
import { cannotCertify, certificates, missing } from './peer.ts'
import { redisServer } from './redis.ts'

describe.each(['redis-server', 'valkey-server'])('%s', program => {
  const reason = skipped('peers', missing(program))

  async function server(...args: readonly string[]) {
    const { daemon, port } = await redisServer(program, args)
    onTestFinished(() => daemon.stop())
    const reader = new Redis(port, '127.0.0.1', { lazyConnect: true, ...(args.length > 0 && { password: args[1]! }) })
    onTestFinished(() => reader.disconnect())
    return { daemon, port, reader, url: `redis://127.0.0.1:${port}` }
  }

  test.skipIf(reason)('a stream has id, rule, priority and the alert, and is trimmed', async () => {
    const { url, reader } = await server()
    const transport = await open(redis, { url, max_length: 100 })
    const items = Array.from({ length: 500 }, (_, n) => item(n))
    expect(await transport.send(items, patient())).toEqual({ delivered: 500 })
    const entries = await reader.xrange('falco', '-', '+')
    expect(entries.length).toBeGreaterThanOrEqual(100)
    expect(entries.length).toBeLessThan(500)
    const { rule, priority } = items[499]!.alert
    expect(entries.at(-1)![1]).toEqual(['id', idOf(499), 'rule', rule, 'priority', priority, 'alert', items[499]!.body])
  })

  test.skipIf(reason)('a consumer group gets each alert once', async () => {
    const { url, reader } = await server()
    const transport = await open(redis, { url })
    await reader.xgroup('CREATE', 'falco', 'workers', '$', 'MKSTREAM')
    await transport.send([item(1), item(2)], patient())
    const one = await reader.xreadgroup('GROUP', 'workers', 'a', 'COUNT', 1, 'STREAMS', 'falco', '>')
    const two = await reader.xreadgroup('GROUP', 'workers', 'b', 'COUNT', 1, 'STREAMS', 'falco', '>')
    expect([one, two].map(answer => JSON.stringify(answer).includes(idOf(2)))).toEqual([false, true])
  })

  test.skipIf(reason)('list and hash, as in falcosidekick; a hash has each alert once', async () => {
    const { url, reader } = await server()
    const list = await open(redis, { url, storage: 'list', key: 'list' })
    await list.send([item(1), item(2)], patient())
    expect(await reader.lrange('list', 0, -1)).toEqual([item(1).body, item(2).body])
    const hash = await open(redis, { url, storage: 'hash', key: 'hash' })
    await hash.send([item(1), item(2)], patient())
    await hash.send([item(1)], patient())
    expect(await reader.hgetall('hash')).toEqual({ [idOf(1)]: item(1).body, [idOf(2)]: item(2).body })
  })

  test.skipIf(reason)('a value cannot choose an arbitrary key', async () => {
    const { url, reader } = await server()
    const transport = await open(redis, { url, key: 'falco:%proc.name' })
    const fields = { 'proc.name': 'x\r\nFLUSHALL\r\n:{1}' }
    await transport.send([item(1, { output_fields: fields })], patient())
    expect(await reader.keys('*')).toEqual(['falco:x_FLUSHALL_1_'])
    await expect(open(redis, { url, key: '%proc.name' })).rejects.toMatchObject({ class: 'misconfigured', code: 'key' })
  })

  test.skipIf(reason)('a wrong password, a missing right and a wrong key type are misconfigurations', async () => {
    const { url, reader, port } = await server('--requirepass', 'secret-1')
    await expect(open(redis, { url, password: 'secret-2' })).rejects.toMatchObject({
      class: 'misconfigured',
      message: expect.not.stringContaining('secret'),
    })
    await expect(open(redis, { url })).rejects.toMatchObject({ class: 'misconfigured' })
    await open(redis, { url: `redis://:secret-1@127.0.0.1:${port}` })
    await reader.set('text', 'x')
    await reader.call('ACL', 'SETUSER', 'reader', 'on', '>pw', '+@connection', '+info', '+client', '~*')
    const forbidden = await open(redis, { url, username: 'reader', password: 'pw' })
    expect(await forbidden.send([item(1)], patient())).toMatchObject({
      items: [{ class: 'misconfigured', cause: 'NOPERM' }],
    })
    const typed = await open(redis, { url, password: 'secret-1', key: 'text' })
    expect(await typed.send([item(1)], patient())).toMatchObject({
      items: [{ class: 'misconfigured', cause: 'WRONGTYPE' }],
    })
  })

  test.skipIf(reason)('full memory and a read-only replica are temporary failures', async () => {
    const { url, reader } = await server()
    const transport = await open(redis, { url })
    await reader.config('SET', 'maxmemory', '1')
    expect(await transport.send([item(1)], patient())).toMatchObject({ items: [{ class: 'later', cause: 'OOM' }] })
    await reader.config('SET', 'maxmemory', '0')
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
    await reader.call('REPLICAOF', '127.0.0.1', '1')
    expect(await transport.send([item(2)], patient())).toMatchObject({
      items: [{ class: 'later', cause: 'READONLY', reconnect: true }],
    })
  })

  test.skipIf(reason ?? cannotCertify())('TLS with a private CA and a client certificate', async () => {
    const pem = certificates()
    const { port } = await redisServerTls(program, pem)
    const url = `rediss://127.0.0.1:${port}`
    const transport = await open(redis, { url, tls_ca: pem.ca, tls_cert: pem.clientCert, tls_key: pem.clientKey })
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
    await expect(open(redis, { url })).rejects.toMatchObject({ class: 'misconfigured' })
  })

  test.skipIf(reason)('a send times out if the server hangs, and fails if it dies', async () => {
    const { url, daemon } = await server()
    const transport = await open(redis, { url })
    await daemon.hang()
    expect(await transport.send([item(1)], AbortSignal.timeout(200))).toMatchObject({
      failure: { class: 'later', cause: 'timeout', reconnect: true },
    })
    const sending = transport.send([item(1)], patient())
    await daemon.down()
    const { delivered, failure, items } = await sending
    expect([delivered, failure ?? items![0]]).toMatchObject([0, { class: 'later', reconnect: true }])
    expect((await transport.send([item(1)], patient())).delivered).toBe(0)
    await expect(open(redis, { url })).rejects.toMatchObject({ class: 'later', code: 'ECONNREFUSED' })
  })
})

async function redisServerTls(program: string, pem: ReturnType<typeof certificates>) {
  const files = ['--tls-cert-file', pem.cert, '--tls-key-file', pem.key, '--tls-ca-cert-file', pem.ca]
  const { daemon, port } = await redisServer(program, files, true)
  onTestFinished(() => daemon.stop())
  return { port }
}
