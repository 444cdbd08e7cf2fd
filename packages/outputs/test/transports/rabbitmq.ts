import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, credentials } from 'amqplib'
import { freePort } from '../../../../scripts/testing/port.ts'
import { accepts, Daemon, LOGIN, missing, type Peer, type PeerKind, type Received } from './peer.ts'

/** The server itself; Debian's wrapper on the PATH switches the user first. */
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server'

export const missingRabbit = missing('rabbitmq-server', 'epmd')

/** A broker, and the name service that it needs. @param config lines of rabbitmq.conf */
export async function rabbitServer(config: readonly string[] = []) {
  const [port, distribution, names] = [await freePort(), await freePort(), await freePort()]
  const service = new Daemon('epmd', {
    args: () => ['-port', String(names), '-address', '127.0.0.1'],
    ready: () => accepts(names),
  })
  const daemon: Daemon = new Daemon(SERVER, {
    args: folder => {
      const lines = [
        `listeners.tcp.1 = 127.0.0.1:${port}`,
        'log.console = true',
        'log.console.level = warning',
        ...config,
      ]
      writeFileSync(join(folder, 'rabbitmq.conf'), `${lines.join('\n')}\n`)
      return []
    },
    ready: () => accepts(port),
    env: () => environment(),
  })
  const environment = () => ({
    HOME: daemon.folder,
    RABBITMQ_NODENAME: `falc${port}@localhost`,
    RABBITMQ_MNESIA_BASE: join(daemon.folder, 'db'),
    RABBITMQ_LOG_BASE: join(daemon.folder, 'logs'),
    RABBITMQ_CONFIG_FILE: join(daemon.folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(daemon.folder, 'plugins'),
    RABBITMQ_PID_FILE: join(daemon.folder, 'pid'),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+sbwt none +S 1:1',
    ERL_EPMD_PORT: String(names),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  })
  await service.up()
  await daemon.up()
  return {
    daemon,
    port,
    control: (...args: readonly string[]) =>
      execFileSync('/usr/lib/rabbitmq/bin/rabbitmqctl', args, { env: { ...process.env, ...environment() } }),
    url: `amqp://127.0.0.1:${port}`,
    stop: async () => {
      await daemon.stop()
      await service.stop()
    },
  }
}

export const rabbitQueue: PeerKind = {
  type: 'rabbitmq',
  title: 'RabbitMQ',
  missing: missingRabbit,
  largest: 100_000,
  async start(): Promise<Peer> {
    const { username, password } = LOGIN
    const user = [`default_user = ${username}`, `default_pass = ${password}`]
    const { daemon, url, control, stop } = await rabbitServer(['max_message_size = 100000', ...user])
    let locked = false
    const received: Received[] = []
    return {
      options: () => ({ url, queue_name: 'alerts', ...LOGIN }),
      async received() {
        const connection = await connect(url, { credentials: credentials.plain(username, password) })
        const channel = await connection.createChannel()
        for (;;) {
          const message = await channel.get('alerts')
          if (message === false) break
          received.push({ id: message.properties.messageId, alert: JSON.parse(String(message.content)) })
          channel.ack(message)
        }
        await channel.close()
        await connection.close()
        return received
      },
      down: () => daemon.down(),
      up: async () => {
        await daemon.up()
        if (locked) control('change_password', username, password)
        locked = false
      },
      hang: () => daemon.hang(),
      lock: async () => {
        control('change_password', username, 'another')
        locked = true
      },
      stop,
    }
  },
}
