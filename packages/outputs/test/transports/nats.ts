import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { freePort } from '../../../../scripts/testing/port.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { Gateway } from './gateway.ts'
import { accepts, Daemon, LOGIN, missing, type Peer, type PeerKind, type Received } from './peer.ts'

/** A nats-server with JetStream. */
export async function natsServer(
  args: readonly string[] | ((folder: string) => readonly string[]) = [],
): Promise<{ daemon: Daemon; port: number; url: string }> {
  const port = await freePort()
  const daemon = new Daemon('nats-server', {
    args: folder => [
      ...['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder],
      ...(typeof args === 'function' ? args(folder) : args),
    ],
    ready: () => accepts(port),
  })
  await daemon.up()
  return { daemon, port, url: `nats://127.0.0.1:${port}` }
}

const READER = { user: 'reader', pass: 'reads' } as const

/** A server with a reader and the user of LOGIN, whose password changes with a restart. */
async function lockableServer() {
  let [wanted, set]: string[] = [LOGIN.password, LOGIN.password]
  const user = (name: string, password: string) => `{ user: ${name}, password: "${password}" }`
  const server = await natsServer(folder => {
    const path = join(folder, 'nats.conf')
    writeFileSync(
      path,
      `authorization { users: [${user(LOGIN.username, wanted!)}, ${user(READER.user, READER.pass)}] }`,
    )
    set = wanted
    return ['-c', path]
  })
  const { daemon } = server
  return {
    ...server,
    lock: async () => {
      wanted = 'another'
      await daemon.down()
      await daemon.up()
    },
    up: async () => {
      wanted = LOGIN.password
      if (set !== wanted) await daemon.down()
      await daemon.up()
    },
  }
}

/** All that a stream holds. */
async function stored(url: string, stream: string): Promise<Received[]> {
  const connection = await connect({ servers: url, ...READER })
  try {
    const { state } = await (await jetstreamManager(connection)).streams.info(stream)
    if (state.messages === 0) return []
    const consumer = await jetstream(connection).consumers.get(stream)
    const received: Received[] = []
    for await (const message of await consumer.consume()) {
      received.push({ id: message.headers!.get('Nats-Msg-Id'), alert: message.json() })
      if (message.info.pending === 0) break
    }
    return received
  } finally {
    await connection.close()
  }
}

/** Bytes that a server accepts in one message unless configured otherwise. */
const MAX_PAYLOAD = 1 << 20

export const natsStream: PeerKind = {
  type: 'nats',
  title: 'NATS JetStream',
  largest: MAX_PAYLOAD,
  missing: missing('nats-server'),
  async start(): Promise<Peer> {
    const { daemon, url, lock, up } = await lockableServer()
    return {
      options: () => ({ url: [url], stream: 'FALCO', ...LOGIN }),
      received: () => stored(url, 'FALCO'),
      down: () => daemon.down(),
      up,
      hang: () => daemon.hang(),
      lock,
      stop: () => daemon.stop(),
    }
  },
}

export const natsCore: PeerKind = {
  type: 'nats',
  title: 'NATS core',
  largest: MAX_PAYLOAD,
  missing: missing('nats-server'),
  async start(): Promise<Peer> {
    const { daemon, port, url, lock, up } = await lockableServer()
    // Core NATS keeps nothing for a disconnected subscriber: the server is not stopped, but out of the sender's reach.
    const gateway = new Gateway(port)
    const way = `nats://127.0.0.1:${await gateway.open()}`
    const connection = await connect({ servers: url, ...READER, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
    const received: Received[] = []
    connection.subscribe('FALCO.*', {
      callback: (_, message) => void received.push({ id: message.headers!.get('Nats-Msg-Id'), alert: message.json() }),
    })
    await connection.flush()
    return {
      options: () => ({ url: [way], ...LOGIN }),
      direct: () => ({ url: [url], ...LOGIN }),
      received: async () => received,
      down: async () => gateway.bar(),
      up: async () => {
        // The subscriber has to reconnect first.
        gateway.bar()
        await up()
        const answered = () =>
          connection.flush().then(
            () => true,
            () => false,
          )
        await until('the subscriber is back', answered)
        gateway.unbar()
      },
      hang: () => daemon.hang(),
      lock,
      stop: async () => {
        await connection.close()
        gateway.close()
        await daemon.stop()
      },
    }
  },
}
