import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { syslog } from '../../src/transports/syslog.ts'
import { context, idOf, item, open, patient } from './items.ts'
import { cannotCertify, certificates, missing } from './peer.ts'
import { missingRsyslog, rsyslog } from './syslog.ts'

async function server(...pem: Parameters<typeof rsyslog>) {
  const daemon = await rsyslog(...pem)
  onTestFinished(() => daemon.daemon.stop())
  return daemon
}

const SD = `[falco@32473 id="${idOf(1)}" rule="Terminal shell in container" priority="Notice" source="syscall"]`

describe.skipIf(skipped('peers', missingRsyslog))('rsyslog', () => {
  test.skipIf(cannotCertify()).each(['udp', 'tcp', 'tls', 'newline'])(
    '%s: header, structured data and message arrive whole',
    async way => {
      const pem = certificates()
      const { port, tlsPort, messages } = await server(pem)
      const url = way === 'tls' ? `tls://127.0.0.1:${tlsPort}` : `${way === 'udp' ? 'udp' : 'tcp'}://127.0.0.1:${port}`
      const framing = way === 'newline' ? 'newline' : 'octet-counting'
      const transport = await open(syslog, { url, framing, tls_ca: pem.ca })
      const items = [item(1), item(2, { priority: 'Emergency' }), { ...item(3), body: 'größer 🛡' }]
      expect(await transport.send(items, patient())).toEqual({ delivered: 3 })
      await until('three messages', () => messages().length === 3)
      const [one, two, three] = messages()
      expect(one).toEqual({
        pri: 'local0.notice',
        time: '2023-11-14T22:13:20.123456Z',
        host: 'node-1',
        app: 'falco',
        msgid: 'Terminal_shell_in_container',
        sd: SD,
        msg: items[0]!.body,
      })
      expect(two!.pri).toBe('local0.emerg')
      expect(three!.msg).toBe('größer 🛡')
    },
  )

  test.skipIf(skipped('peers', missing('logger')))('messages arrive through the local socket', async () => {
    const { socket, messages } = await server()
    const transport = await open(syslog, { url: `unix:${socket}`, facility: 'auth' })
    const rule = `"]x\\ [y z="1"]\n-`
    expect(await transport.send([item(1), item(2, { rule })], patient())).toEqual({ delivered: 2 })
    await until('two messages', () => messages().length === 2)
    const [one, two] = messages()
    expect(one).toMatchObject({
      pri: 'auth.notice',
      app: 'falco',
      msgid: 'Terminal_shell_in_container',
      sd: SD,
      msg: item(1).body,
    })
    expect(two!.sd).toContain(String.raw`rule="\"\]x\\ [y z=\"1\"\] -"`)
  })

  test('if the socket is absent, alerts wait', async () => {
    const transport = await open(syslog, { url: 'unix:/nonexistent/log' })
    expect(await transport.send([item(1)], patient())).toMatchObject({ delivered: 0, failure: { class: 'later' } })
  })

  test('a value cannot inject fields or messages', async () => {
    const { port, messages } = await server()
    const transport = await open(syslog, { url: `tcp://127.0.0.1:${port}`, framing: 'newline' })
    const change = { rule: 'r"]\\ [x@1 a="b"]\n<0>1 - - - - - -', hostname: 'h\n<0>1 evil', source: 's"' }
    const forged = { ...item(1, change), body: 'one\n<0>1 - - - - - - forged' }
    expect(await transport.send([forged, item(2)], patient())).toEqual({ delivered: 2 })
    await until('two messages', () => messages().length === 2)
    const [one] = messages()
    expect(one).toMatchObject({
      host: 'h_<0>1_evil',
      msgid: 'r"]\\_[x@1_a="b"]_<0>1_-_-_-_-_-_',
      sd: `[falco@32473 id="${idOf(1)}" rule="r\\"\\]\\\\ [x@1 a=\\"b\\"\\] <0>1 - - - - - -" priority="Notice" source="s\\""]`,
      msg: 'one <0>1 - - - - - - forged',
    })
  })

  test('a message longer than max_size is cut between characters', async () => {
    const { port, messages } = await server()
    const transport = await open(syslog, { url: `tcp://127.0.0.1:${port}`, max_size: 480 })
    await transport.send([{ ...item(1), body: 'ü'.repeat(1000) }, item(2)], patient())
    await until('two messages', () => messages().length === 2)
    const [one] = messages()
    expect(one!.msg).toMatch(/^ü{50,}$/)
  })

  test.skipIf(cannotCertify())('a certificate of an untrusted CA is a misconfiguration', async () => {
    const { tlsPort } = await server(certificates())
    await expect(open(syslog, { url: `tls://127.0.0.1:${tlsPort}` })).rejects.toMatchObject({ class: 'misconfigured' })
  })

  test('a receiver that dies is noticed, over TCP and UDP', async () => {
    const { port, daemon } = await server()
    const transport = await open(syslog, { url: `tcp://127.0.0.1:${port}` })
    await transport.send([item(1)], patient())
    await daemon.down()
    const failure = await until(
      'the connection is lost',
      async () => (await transport.send([item(2)], patient())).failure,
    )
    expect(failure).toMatchObject({ class: 'later', reconnect: true })
    await expect(open(syslog, { url: `tcp://127.0.0.1:${port}` })).rejects.toMatchObject({
      class: 'later',
      code: 'ECONNREFUSED',
    })
    const datagrams = await open(syslog, { url: `udp://127.0.0.1:${port}` })
    const refused = await until('the network says so', async () => (await datagrams.send([item(1)], patient())).failure)
    expect(refused).toMatchObject({ class: 'later', cause: 'ECONNREFUSED' })
  })
})

test('octet counting: each message is preceded by its length in bytes', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const url = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [transport, [socket]] = await Promise.all([open(syslog, { url }), once(server, 'connection')])
  await transport.send(
    [
      { ...item(1), body: 'ü' },
      { ...item(2), body: 'x' },
    ],
    patient(),
  )
  await transport.close()
  let rest = Buffer.from(await text(socket))
  for (const body of ['ü', 'x']) {
    const [length] = /^\d+/.exec(rest.toString())!
    const start = length.length + 1
    expect(rest.subarray(start, start + Number(length)).toString()).toMatch(new RegExp(`^<133>1 .* ${body}$`))
    rest = rest.subarray(start + Number(length))
  }
  expect(rest).toHaveLength(0)
})

test('a receiver that reads nothing causes a timeout', async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  server.on('connection', socket => onTestFinished(() => void socket.destroy()))
  await once(server, 'listening')
  const transport = await open(syslog, {
    url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    max_size: 65_507,
  })
  const items = Array.from({ length: 1000 }, (_, n) => ({ ...item(n), body: 'x'.repeat(60_000) }))
  expect(await transport.send(items, AbortSignal.timeout(300))).toMatchObject({
    failure: { cause: 'timeout', reconnect: true },
  })
})

test.each([{ app_name: 'a b' }, { sd_id: 'x]' }, { url: 'http://x' }])('refuses invalid options: %o', async change => {
  const values = {
    url: 'udp://127.0.0.1',
    facility: 'local0',
    app_name: 'falco',
    sd_id: 'x',
    max_size: 8192,
    ...change,
  }
  await expect(syslog.open(values as never, context)).rejects.toMatchObject({ class: 'misconfigured' })
})
