/** Files and programs as receivers. */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StoreReader } from '@falc/store'
import type { Peer, PeerKind, Received } from './peer.ts'

function local(
  type: string,
  title: string,
  options: (path: string) => Record<string, unknown>,
  read: (path: string) => Received[] | Promise<Received[]> = lines,
): PeerKind {
  return {
    type,
    title,
    cannot: {
      hang: 'The operating system accepts data or reports an error.',
      answer: 'There is no server that answers.',
      login: 'There is no login.',
    },
    async start(): Promise<Peer> {
      const dir = mkdtempSync(join(tmpdir(), 'falc-local-'))
      const [here, away] = [join(dir, 'here'), join(dir, 'away')]
      renameSync(mkdtempSync(join(dir, 'new-')), here)
      const path = join(here, 'alerts')
      return {
        options: () => options(path),
        received: async () => (existsSync(path) ? read(path) : []),
        down: async () => renameSync(here, away),
        up: async () => renameSync(away, here),
        stop: async () => rmSync(dir, { recursive: true, force: true }),
      }
    },
  }
}

function lines(path: string): Received[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1).map(parsed)
}

function parsed(line: string): Received {
  const alert = JSON.parse(line)
  return { id: alert.id, alert }
}

async function stored(path: string): Promise<Received[]> {
  const store = await StoreReader.open(path)
  try {
    return [...store.search({}, { oldest: true })].map(({ alert }) => ({ id: alert.id, alert }))
  } finally {
    store.close()
  }
}

export const LOCAL: readonly PeerKind[] = [
  local('file', 'File', path => ({ path, keep_open: false })),
  local('program', 'Program for each alert', path => ({
    command: `[ -d $(dirname ${path}) ] || exit 127; cat >> ${path}`,
    keep_running: false,
  })),
  local('store', 'Store', path => ({ path }), stored),
]
