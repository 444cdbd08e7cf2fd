import { join } from 'node:path'
import { freePort } from '../../../../scripts/testing/port.ts'
import { accepts, Daemon, missingModule, type Peer, type PeerKind } from './peer.ts'

export const missingMail = missingModule('aiosmtpd')

/** A mail as the server parsed it. */
export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly tls: boolean
  readonly login: string | null
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly text: string
  readonly html: string
}

/** aiosmtpd. @param options see smtp_server.py */
export async function mailServer(options: Record<string, unknown> = {}) {
  const port = await freePort()
  const script = join(import.meta.dirname, 'smtp_server.py')
  const daemon = new Daemon('/usr/bin/python3', {
    args: () => [script, JSON.stringify({ port, ...options })],
    ready: () => accepts(port),
  })
  await daemon.up()
  return {
    daemon,
    port,
    mails: (): Mail[] =>
      daemon.log
        .split('\n')
        .filter(line => line.startsWith('{'))
        .map(line => JSON.parse(line)),
  }
}

export const mail: PeerKind = {
  type: 'smtp',
  title: 'SMTP',
  missing: missingMail,
  cannot: { login: 'A password is sent only over TLS: smtp.test.ts tests a wrong one.' },
  async start(): Promise<Peer> {
    const { daemon, port, mails } = await mailServer()
    return {
      options: () => ({ url: `smtp://127.0.0.1:${port}`, from: 'falc@x.test', to: ['ops@x.test'], starttls: 'never' }),
      received: async () =>
        mails().flatMap(({ text }) => [...text.matchAll(/^ {2}ID: (.*?)\r?$/gm)].map(([, id]) => ({ id: id! }))),
      down: () => daemon.down(),
      up: () => daemon.up(),
      hang: () => daemon.hang(),
      stop: () => daemon.stop(),
    }
  },
}
