import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../../../scripts/testing/port.ts'
import { Gateway } from './gateway.ts'
import { accepts, Daemon, LOGIN, missing, type Peer, type PeerKind } from './peer.ts'

export const missingAlertmanager = missing('prometheus-alertmanager')

/** An alert as Alertmanager returns it. */
export interface AmAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL: string
  readonly status: { readonly state: string }
}

/** The real Alertmanager. @param web lines of its web configuration: TLS and users */
export async function alertmanagerServer(web: readonly string[] = []) {
  const port = await freePort()
  const daemon = new Daemon('prometheus-alertmanager', {
    args: folder => {
      writeFileSync(join(folder, 'config.yml'), 'route: {receiver: none}\nreceivers: [{name: none}]\n')
      writeFileSync(join(folder, 'web.yml'), web.join('\n'))
      return [
        `--config.file=${join(folder, 'config.yml')}`,
        `--web.config.file=${join(folder, 'web.yml')}`,
        `--storage.path=${folder}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
      ]
    },
    ready: () => accepts(port),
  })
  await daemon.up()
  const url = `http://127.0.0.1:${port}`
  return {
    daemon,
    port,
    url,
    alerts: async (headers: Record<string, string> = {}): Promise<AmAlert[]> =>
      (await (await fetch(`${url}/api/v2/alerts`, { headers })).json()) as AmAlert[],
  }
}

/** Lines of a web configuration: a user with the bcrypt hash of the password in LOGIN. */
const userCalled = (name: string) => [
  'basic_auth_users:',
  `  ${name}: $2y$04$abcdefghijklmnopqrstuunozzs0dp7wg9bVNfyAu/.b1CNq04WnC`,
]

export const alertmanagerApi: PeerKind = {
  type: 'alertmanager',
  title: 'Alertmanager',
  missing: missingAlertmanager,
  async start(): Promise<Peer> {
    const { username, password } = LOGIN
    const { daemon, port, url, alerts } = await alertmanagerServer(userCalled(username))
    const web = join(daemon.folder, 'web.yml')
    const authorization = `Basic ${btoa(`${username}:${password}`)}`
    // Alertmanager keeps alerts in memory: it is not stopped, but made unreachable.
    const gateway = new Gateway(port)
    const way = `http://127.0.0.1:${await gateway.open()}`
    // A label with a unique value, so that Alertmanager merges no alerts.
    const by = (url: string) => ({
      url: [url],
      annotations: { body: '%alert.output' },
      labels: { id: '%alert.id' },
      ...LOGIN,
    })
    return {
      options: () => by(way),
      direct: () => by(url),
      received: async () => (await alerts({ authorization })).map(({ annotations }) => ({ id: annotations.id! })),
      down: async () => gateway.bar(),
      up: async () => {
        gateway.unbar()
        writeFileSync(web, userCalled(username).join('\n'))
        await daemon.up()
      },
      hang: () => daemon.hang(),
      // It reads the file for each request.
      lock: async () => writeFileSync(web, userCalled('another').join('\n')),
      stop: async () => {
        gateway.close()
        await daemon.stop()
      },
    }
  },
}
