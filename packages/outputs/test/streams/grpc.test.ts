import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { freePort } from '../../../../scripts/testing/port.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { grpc } from '../../src/transports/grpc.ts'
import { item, open, patient } from '../transports/items.ts'
import { cannotCertify, certificates, folder, missingModule } from '../transports/peer.ts'

/** Debian's grpcio as a client. */
function client(...args: readonly string[]) {
  const child = spawn('/usr/bin/python3', [join(import.meta.dirname, 'grpc_client.py'), ...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: Record<string, unknown>[] = []
  let ready = false
  createInterface(child.stdout).on('line', line => {
    if (line === 'ready') ready = true
    else lines.push(JSON.parse(line))
  })
  let problems = ''
  child.stderr.on('data', chunk => (problems += chunk))
  const ended = once(child, 'exit').then(([code]) => {
    if (code) throw new Error(problems)
    return lines
  })
  ended.catch(() => {})
  return { lines, ended, ready: () => until('the client is ready', () => ready) }
}

async function socket(values: Record<string, unknown> = {}) {
  const path = join(folder(), 'falco.sock')
  return { path, address: `unix:${path}`, transport: await open(grpc, { bind_address: `unix://${path}`, ...values }) }
}

describe.skipIf(skipped('peers', missingModule('grpc', 'google.protobuf')))('gRPC', () => {
  test('get returns the alerts that no client has got, with all fields', async () => {
    const { address, transport } = await socket()
    const change = {
      priority: 'Emergency',
      source: 'k8s_audit',
      output_fields: { 'ka.verb': 'get', évt: null, big: 2n ** 60n },
    } as const
    await transport.send([item(1), item(2, change)], patient())
    expect(await client(address, 'get', '9').ended).toEqual([
      {
        time: '2023-11-14T22:13:20.123456790Z',
        priority: 'NOTICE',
        rule: 'Terminal shell in container',
        output: '22:13:20.123456789: Notice A shell was spawned 1',
        output_fields: { 'proc.name': 'bash', 'container.id': 'abc', 'evt.num': '1' },
        hostname: 'node-1',
        tags: ['container', 'T1059'],
        source: 'syscall',
      },
      expect.objectContaining({
        source_deprecated: 'K8S_AUDIT',
        source: 'k8s_audit',
        output_fields: { 'ka.verb': 'get', évt: '<NA>', big: '1152921504606846976' },
      }),
    ])
    expect(await client(address, 'get', '9').ended).toEqual([])
  })

  test('sub gets waiting alerts, then new ones as they are raised; a second client gets new ones, too', async () => {
    const { address, transport } = await socket()
    await transport.send([item(1)], patient())
    const first = client(address, 'sub', '4')
    await until('what has waited', () => first.lines.length === 1)
    const second = client(address, 'sub', '2')
    await second.ready()
    await until('both clients are connected', async () => {
      await transport.send([item(2)], patient())
      return second.lines.length > 0
    })
    await transport.send([item(3), item(4), item(5)], patient())
    const [one, two] = await Promise.all([first.ended, second.ended])
    expect(one).toHaveLength(4)
    expect(two).toHaveLength(2)
  })

  test.skipIf(cannotCertify())('mutual TLS on a network address; unknown clients are refused', async () => {
    const pem = certificates()
    const address = `127.0.0.1:${await freePort()}`
    await expect(open(grpc, { bind_address: address })).rejects.toMatchObject({ class: 'misconfigured' })
    const files = { private_key: pem.key, cert_chain: pem.cert, root_certs: pem.ca }
    const transport = await open(grpc, { bind_address: address, ...files })
    await transport.send([item(1)], patient())
    const other = certificates(folder())
    expect(await client(address, 'get', '1', pem.ca, other.clientCert, other.clientKey).ended).toEqual([
      { error: 'UNAVAILABLE' },
    ])
    expect(await client(address, 'get', '1', pem.ca, pem.clientCert, pem.clientKey).ended).toHaveLength(1)
  })

  test.skipIf(cannotCertify())('reopened, it keeps what waits, and uses renewed certificates', async () => {
    const dir = folder()
    const pem = certificates(dir)
    const address = `127.0.0.1:${await freePort()}`
    const files = { private_key: pem.key, cert_chain: pem.cert, root_certs: pem.ca }
    const transport = await open(grpc, { bind_address: address, ...files })
    await transport.send([item(1)], patient())
    // Another authority, in the same files.
    certificates(dir)
    await transport.reopen!()
    expect(await client(address, 'get', '1', pem.ca, pem.clientCert, pem.clientKey).ended).toHaveLength(1)
  })

  test.skipIf(cannotCertify())(
    'connections that never finish the handshake leave room for other clients, and do not delay closing',
    async () => {
      const pem = certificates()
      const port = await freePort()
      const files = { private_key: pem.key, cert_chain: pem.cert, root_certs: pem.ca }
      const transport = await open(grpc, { bind_address: `127.0.0.1:${port}`, max_clients: 1, ...files })
      await transport.send([item(1)], patient())
      const silent = Array.from({ length: 12 }, () => {
        const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' })
        socket.on('error', () => {})
        onTestFinished(() => void socket.destroy())
        return socket
      })
      // One client address may hold half of 2 × max_clients + 16 connections: 9 of these 12.
      await until('some are closed', () => silent.filter(socket => socket.destroyed).length === 3)
      const got = await client(`127.0.0.1:${port}`, 'get', '1', pem.ca, pem.clientCert, pem.clientKey).ended
      expect(got).toHaveLength(1)
      await transport.close()
      await until('all are closed', () => silent.every(socket => socket.destroyed))
    },
  )

  test('clients beyond the limit are refused; closing the output ends the streams of the others', async () => {
    const { address, transport } = await socket({ max_clients: 1 })
    await transport.send([item(1)], patient())
    const first = client(address, 'sub', '9')
    await until('the first client', () => first.lines.length === 1)
    expect(await client(address, 'sub', '9').ended).toEqual([{ error: 'RESOURCE_EXHAUSTED' }])
    await transport.send([item(2)], patient())
    await transport.close()
    expect((await first.ended).length).toBe(2)
  })

  test('a client that disconnects is forgotten, and alerts wait for the next one', async () => {
    const { address, transport } = await socket()
    await transport.send([item(1)], patient())
    expect(await client(address, 'sub', '1').ended).toHaveLength(1)
    const next = await until('alerts wait again', async () => {
      await transport.send([item(2)], patient())
      const lines = await client(address, 'get', '99').ended
      return lines.length > 0 && lines
    })
    expect(next[0]).toMatchObject({ output: expect.stringContaining('spawned 2') })
  })
})

test('the socket is accessible to its owner alone, and replaced unless it is in use', async () => {
  const path = join(folder(), 'run', 'falco.sock')
  const values = { bind_address: `unix://${path}` }
  const transport = await open(grpc, values)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await expect(open(grpc, values)).rejects.toMatchObject({ code: 'EADDRINUSE', class: 'later' })
  await transport.close()
  const listening = `require('node:net').createServer().listen(process.argv[1], () => console.log('listening'))`
  const other = spawn(process.execPath, ['-e', listening, path])
  await once(other.stdout, 'data')
  chmodSync(path, 0o600)
  await expect(open(grpc, values)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  other.kill('SIGKILL')
  await once(other, 'exit')
  // A process that was killed leaves its socket behind.
  expect(existsSync(path)).toBe(true)
  await open(grpc, values)
})
