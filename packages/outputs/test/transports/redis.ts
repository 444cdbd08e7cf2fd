import { Redis } from 'ioredis'
import { freePort } from '../../../../scripts/testing/port.ts'
import { accepts, Daemon, LOGIN, missing, type Peer, type PeerKind } from './peer.ts'

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

const userWith = (password: string) => [LOGIN.username, 'on', 'resetpass', `>${password}`, '~*', '&*', '+@all']

const kind = (title: string, program: string): PeerKind => ({
  type: 'redis',
  title,
  missing: missing(program),
  async start(): Promise<Peer> {
    const { daemon, port } = await redisServer(program, ['--user', ...userWith(LOGIN.password)])
    const change = async (password: string) => {
      const admin = new Redis(port, '127.0.0.1')
      await admin.call('ACL', 'SETUSER', ...userWith(password))
      admin.disconnect()
    }
    return {
      options: () => ({ url: `redis://127.0.0.1:${port}`, ...LOGIN }),
      async received() {
        const reader = new Redis(port, '127.0.0.1')
        const entries = await reader.xrange('falco', '-', '+')
        reader.disconnect()
        return entries.map(([, [, id, , , , , , body]]) => ({ id: id!, alert: JSON.parse(body!) }))
      },
      down: () => daemon.down(),
      up: async () => {
        await daemon.up()
        await change(LOGIN.password)
      },
      hang: () => daemon.hang(),
      lock: () => change('another'),
      stop: () => daemon.stop(),
    }
  },
})

export const redisStream = kind('Redis stream', 'redis-server')
export const valkeyStream = kind('Valkey stream', 'valkey-server')
