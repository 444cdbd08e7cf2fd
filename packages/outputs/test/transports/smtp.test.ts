import { describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { smtp } from '../../src/transports/smtp.ts'
import { context, idOf, item, open, patient } from './items.ts'
import { cannotCertify, certificates } from './peer.ts'
import { mailServer, missingMail } from './smtp.ts'

const PLAIN = { from: 'falc@x.test', to: ['ops@x.test'], starttls: 'never' }

async function server(options: Record<string, unknown> = {}) {
  const { daemon, port, mails } = await mailServer(options)
  onTestFinished(() => daemon.stop())
  return { daemon, port, mails, url: `smtp://127.0.0.1:${port}` }
}

describe.skipIf(skipped('peers', missingMail))('SMTP', () => {
  test('one alert: subject by template, text and HTML', async () => {
    const { url, mails } = await server()
    const transport = await open(smtp, { url, ...PLAIN, to: ['ops@x.test', 'Second <second@x.test>'] })
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
    const [mail] = mails()
    expect(mail).toMatchObject({ from: 'falc@x.test', to: ['ops@x.test', 'second@x.test'], tls: false, login: null })
    const headers = Object.fromEntries(mail!.headers)
    expect(headers).toMatchObject({
      Subject: '[Falco] Notice: Terminal shell in container',
      'Message-ID': `<${idOf(1)}@node-1>`,
      'Auto-Submitted': 'auto-generated',
      'X-Falco-Alert-ID': idOf(1),
    })
    expect(mail!.text.replaceAll('\r', '').trim()).toBe(`A shell was spawned 1
  Priority: Notice
  Rule: Terminal shell in container
  Time: 2023-11-14T22:13:20.123Z
  Host: node-1
  Tags: container, T1059
  ID: ${idOf(1)}
  proc.name: bash
  container.id: abc
  evt.num: 1`)
    expect(mail!.html).toContain('<td>bash</td>')
  })

  test('several alerts: one digest, most severe first, with the same Message-ID each time', async () => {
    const { url, mails } = await server()
    const transport = await open(smtp, { url, ...PLAIN })
    const items = [item(1), item(2, { priority: 'Critical' }), item(3)]
    await transport.send(items, patient())
    await transport.send(items, patient())
    const [one, two] = mails()
    expect(Object.fromEntries(one!.headers).Subject).toBe('[Falco] 3 alerts, the highest is Critical')
    expect([...one!.text.matchAll(/ID: (\w+)/g)].map(([, id]) => id)).toEqual([idOf(2), idOf(1), idOf(3)])
    const ids = [one, two].map(mail => Object.fromEntries(mail!.headers)['Message-ID'])
    expect(ids[0]).toBe(ids[1])
  })

  test('a value cannot add headers, recipients, parts or markup', async () => {
    const { url, mails } = await server()
    const transport = await open(smtp, { url, ...PLAIN, subject: '%alert.rule: %proc.name' })
    const rule = 'x\r\nBcc: evil@x.test\r\n\r\n.\r\nMAIL FROM:<e@x.test>'
    const fields = { 'proc.name': '<script>"\u2028\r\n.\r\nQUIT', 'a\r\nb': null }
    expect(await transport.send([item(1, { rule, output_fields: fields, message: '\r\n.\r\n' })], patient())).toEqual({
      delivered: 1,
    })
    const [mail, ...others] = mails()
    expect(others).toEqual([])
    expect(mail!.to).toEqual(['ops@x.test'])
    expect(mail!.headers.map(([name]) => name).sort()).toEqual([
      ...[
        'Auto-Submitted',
        'Content-Type',
        'Date',
        'From',
        'MIME-Version',
        'Message-ID',
        'Subject',
        'To',
        'X-Falco-Alert-ID',
      ],
    ])
    expect(mail!.html).not.toContain('<script>')
    expect(mail!.text).toContain('Rule: x Bcc: evil@x.test .')
  })

  test.skipIf(cannotCertify())('STARTTLS, implicit TLS, login', async () => {
    const pem = certificates()
    const starttls = await server({ cert: pem.cert, key: pem.key, auth: true })
    const login = { ...PLAIN, starttls: 'required', username: 'user', password: 'pass', tls_ca: pem.ca }
    for (const auth of ['auto', 'PLAIN', 'LOGIN']) {
      const transport = await open(smtp, { url: starttls.url, ...login, auth })
      expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
    }
    expect(starttls.mails()).toHaveLength(3)
    expect(starttls.mails()[0]).toMatchObject({ tls: true, login: 'user' })
    await expect(open(smtp, { url: starttls.url, ...login, password: 'secret-1' })).rejects.toMatchObject({
      class: 'misconfigured',
      message: expect.not.stringContaining('secret-1'),
    })
    await expect(open(smtp, { url: starttls.url, ...login, tls_ca: undefined })).rejects.toMatchObject({
      class: 'misconfigured',
    })
    const mutual = await server({ cert: pem.cert, key: pem.key, ca: pem.ca, smtps: true })
    const url = `smtps://127.0.0.1:${mutual.port}`
    const transport = await open(smtp, {
      url,
      ...PLAIN,
      tls_ca: pem.ca,
      tls_cert: pem.clientCert,
      tls_key: pem.clientKey,
    })
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
  })

  test('a server without TLS is refused if TLS is required, and used if it is optional', async () => {
    const { url } = await server()
    await expect(open(smtp, { url, ...PLAIN, starttls: 'required' })).rejects.toMatchObject({ class: 'misconfigured' })
    const transport = await open(smtp, { url, ...PLAIN, starttls: 'if offered' })
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
  })

  test.each([
    ['a greylisting server', { subject: 'refuse 451' }, 'later', 'smtp_451'],
    ['content that is refused', { subject: 'refuse 554' }, 'poison', 'smtp_554'],
    ['a full mailbox', { to: ['452@x.test'] }, 'later', 'smtp_452'],
    ['an unknown recipient', { to: ['550@x.test'] }, 'misconfigured', 'smtp_550'],
    ['a refused sender', { from: '553@x.test' }, 'misconfigured', 'smtp_553'],
  ])('%s', async (_, change, kind, cause) => {
    const { url } = await server()
    const transport = await open(smtp, { url, ...PLAIN, ...change })
    expect(await transport.send([item(1)], patient())).toMatchObject({ delivered: 0, failure: { class: kind, cause } })
    const after = await transport.send([item(2)], patient())
    expect(after).toMatchObject({ delivered: 0, failure: { cause } })
  })

  test('if some recipients are refused, the others get the mail, and a note says so', async () => {
    const { url, mails } = await server()
    const notes: string[] = []
    const noting = { ...context, note: (text: string) => void notes.push(text) }
    const transport = await open(smtp, { url, ...PLAIN, to: ['550@x.test', 'ops@x.test'] }, noting)
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
    expect(mails()[0]!.to).toEqual(['ops@x.test'])
    expect(notes).toEqual(['smtp output: the server refused some recipients: 550@x.test'])
  })

  test('a send times out if the server hangs, and fails if it dies', async () => {
    const { url, daemon } = await server()
    const transport = await open(smtp, { url, ...PLAIN })
    await daemon.hang()
    expect(await transport.send([item(1)], AbortSignal.timeout(200))).toMatchObject({
      failure: { class: 'later', cause: 'timeout', reconnect: true },
    })
    await daemon.down()
    const failure = await until(
      'the connection is lost',
      async () => (await transport.send([item(1)], patient())).failure,
    )
    expect(failure).toMatchObject({ class: 'later', reconnect: true })
    await expect(open(smtp, { url, ...PLAIN })).rejects.toMatchObject({ class: 'later' })
  })
})
