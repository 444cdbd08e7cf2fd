import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { freePort } from '../../../../scripts/testing/port.ts'
import { Gateway } from './gateway.ts'
import { accepts, Daemon, missing, type Peer, type PeerKind, type Received } from './peer.ts'

/** A nats-server with JetStream. */
export async function natsServer(args: readonly string[] = []): Promise<{ daemon: Daemon; port: number; url: string }> {
  const port = await freePort()
  const daemon = new Daemon('nats-server', {
    args: folder => ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder, ...args],
    ready: () => accepts(port),
  })
  await daemon.up()
  return { daemon, port, url: `nats://127.0.0.1:${port}` }
}

/** All that a stream holds. */
async function stored(url: string, stream: string): Promise<Received[]> {
  const connection = await connect({ servers: url })
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

/** Bytes that a server takes in one message unless configured otherwise. */
const MAX_PAYLOAD = 1 << 20

export const natsStream: PeerKind = {
  type: 'nats',
  title: 'NATS JetStream',
  largest: MAX_PAYLOAD,
  missing: missing('nats-server'),
  async start(): Promise<Peer> {
    const { daemon, url } = await natsServer()
    return {
      options: () => ({ url: [url], stream: 'FALCO' }),
      received: () => stored(url, 'FALCO'),
      down: () => daemon.down(),
      up: () => daemon.up(),
      hang: () => daemon.hang(),
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
    const { daemon, port, url } = await natsServer()
    // Core NATS keeps nothing for a subscriber that was away: the server is not ended, but out of the sender's reach.
    const gateway = new Gateway(port)
    const way = `nats://127.0.0.1:${await gateway.open()}`
    const connection = await connect({ servers: url, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
    const received: Received[] = []
    connection.subscribe('FALCO.*', {
      callback: (_, message) => void received.push({ id: message.headers!.get('Nats-Msg-Id'), alert: message.json() }),
    })
    await connection.flush()
    return {
      options: () => ({ url: [way] }),
      direct: () => ({ url: [url] }),
      received: async () => received,
      down: async () => gateway.bar(),
      up: async () => {
        gateway.unbar()
        await daemon.up()
        await connection.flush()
      },
      hang: () => daemon.hang(),
      stop: async () => {
        await connection.close()
        gateway.close()
        await daemon.stop()
      },
    }
  },
}
