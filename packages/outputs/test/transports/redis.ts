import { Redis } from 'ioredis'
import { freePort } from '../../../../scripts/testing/port.ts'
import { accepts, Daemon, missing, type Peer, type PeerKind } from './peer.ts'

export async function redisServer(
  program: string,
  args: readonly string[] = [],
  tls = false,
): Promise<{ daemon: Daemon; port: number }> {
  const port = await freePort()
  const daemon = new Daemon(program, {
    args: folder => [
      ...(tls ? ['--port', '0', '--tls-port'] : ['--port']),
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      ...args,
    ],
    ready: () => accepts(port),
  })
  await daemon.up()
  return { daemon, port }
}

const kind = (title: string, program: string): PeerKind => ({
  type: 'redis',
  title,
  missing: missing(program),
  async start(): Promise<Peer> {
    const { daemon, port } = await redisServer(program)
    return {
      options: () => ({ url: `redis://127.0.0.1:${port}` }),
      async received() {
        const reader = new Redis(port, '127.0.0.1')
        const entries = await reader.xrange('falco', '-', '+')
        reader.disconnect()
        return entries.map(([, [, id, , , , , , body]]) => ({ id: id!, alert: JSON.parse(body!) }))
      },
      down: () => daemon.down(),
      up: () => daemon.up(),
      hang: () => daemon.hang(),
      stop: () => daemon.stop(),
    }
  },
})

export const redisStream = kind('Redis stream', 'redis-server')
export const valkeyStream = kind('Valkey stream', 'valkey-server')
