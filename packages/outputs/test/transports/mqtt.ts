import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../../../scripts/testing/port.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { accepts, Daemon, LOGIN, missing, type Peer, type PeerKind } from './peer.ts'

export const missingMosquitto = missing('mosquitto', 'mosquitto_sub', 'mosquitto_passwd')

/**
 * @param config lines of mosquitto.conf
 * @param saves each message is on disk before it is acknowledged, at the cost of rewriting all of them: a kill loses none
 */
export async function mosquitto(
  config: readonly string[] = [],
  saves = true,
): Promise<{ daemon: Daemon; port: number; url: string }> {
  const port = await freePort()
  const daemon = new Daemon('mosquitto', {
    args: folder => {
      const path = join(folder, 'mosquitto.conf')
      const stored = [
        'user root',
        'persistence true',
        `persistence_location ${folder}/`,
        'autosave_interval 1',
        'autosave_on_changes true',
      ].slice(0, saves ? undefined : 1)
      writeFileSync(path, [`listener ${port} 127.0.0.1`, 'allow_anonymous true', ...stored, ...config, ''].join('\n'))
      return ['-c', path]
    },
    ready: () => accepts(port),
  })
  await daemon.up()
  return { daemon, port, url: `mqtt://127.0.0.1:${port}` }
}

/** A message as mosquitto_sub prints it. */
export interface MqttMessage {
  readonly topic: string
  readonly payload: string
  readonly qos: number
  readonly retain: number
  readonly properties?: Readonly<Record<string, unknown>> & {
    readonly 'user-properties'?: Readonly<Record<string, string>>
  }
}

/** mosquitto_sub as a subscriber with a session that outlives connections. */
export async function subscribe(port: number, topic: string, args: readonly string[] = []) {
  const messages: MqttMessage[] = []
  const session = ['-i', 'subscriber', '-c', '-q', '1', '-x', '3600']
  const child = spawn('stdbuf', [
    ...['-oL', 'mosquitto_sub'],
    ...['-h', '127.0.0.1', '-p', String(port), '-V', '5', '-t', topic, '-F', '%j', '-d'],
    ...session,
    ...args,
  ])
  let subscribed = false
  createInterface(child.stdout).on('line', line => {
    if (line.startsWith('Subscribed ')) subscribed = true
    if (line.startsWith('{')) messages.push(JSON.parse(line))
  })
  await until('mosquitto_sub subscribes', () => subscribed)
  return { messages, stop: () => child.kill('SIGKILL') }
}

/** @param saves as for `mosquitto` */
export const mqttBroker = (saves: boolean): PeerKind => ({
  type: 'mqtt',
  title: 'MQTT',
  missing: missingMosquitto,
  largest: 100_000,
  async start(): Promise<Peer> {
    const dir = mkdtempSync(join(tmpdir(), 'falc-mqtt-'))
    const passwords = join(dir, 'passwords')
    const setPassword = (user: string, password: string) =>
      execFileSync('mosquitto_passwd', ['-b', passwords, user, password], { stdio: 'ignore' })
    writeFileSync(passwords, '', { mode: 0o600 })
    setPassword(LOGIN.username, LOGIN.password)
    setPassword('reader', 'reads')
    const config = ['max_packet_size 100000', 'allow_anonymous false', `password_file ${passwords}`]
    const { daemon, port, url } = await mosquitto(config, saves)
    const subscriber = await subscribe(port, 'falco/#', ['-u', 'reader', '-P', 'reads'])
    const withPassword = async (password: string) => {
      await daemon.down()
      setPassword(LOGIN.username, password)
      await daemon.up()
    }
    let locked = false
    return {
      options: () => ({ url, ...LOGIN }),
      received: async () =>
        subscriber.messages.map(({ payload, properties }) => {
          return { id: properties!['user-properties']!.id!, alert: JSON.parse(payload) }
        }),
      down: () => daemon.down(),
      up: async () => {
        if (locked) await withPassword(LOGIN.password)
        else await daemon.up()
        locked = false
      },
      hang: () => daemon.hang(),
      lock: async () => {
        await withPassword('another')
        locked = true
      },
      stop: async () => {
        subscriber.stop()
        await daemon.stop()
        rmSync(dir, { recursive: true })
      },
    }
  },
})
