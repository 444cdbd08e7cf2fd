/** Files and programs as receivers. */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Peer, PeerKind, Received } from './peer.ts'

function local(type: string, title: string, options: (path: string) => Record<string, unknown>): PeerKind {
  return {
    type,
    title,
    cannot: {
      hang: 'The operating system takes what it is given, or it says why not.',
      answer: 'There is no server that answers.',
    },
    async start(): Promise<Peer> {
      const dir = mkdtempSync(join(tmpdir(), 'falc-local-'))
      const [here, away] = [join(dir, 'here'), join(dir, 'away')]
      renameSync(mkdtempSync(join(dir, 'new-')), here)
      const path = join(here, 'alerts')
      return {
        options: () => options(path),
        received: async () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1).map(parsed) : []),
        down: async () => renameSync(here, away),
        up: async () => renameSync(away, here),
        stop: async () => rmSync(dir, { recursive: true, force: true }),
      }
    },
  }
}

function parsed(line: string): Received {
  const alert = JSON.parse(line)
  return { id: alert.id, alert }
}

export const LOCAL: readonly PeerKind[] = [
  local('file', 'File', path => ({ path, keep_open: false })),
  local('program', 'Program for each alert', path => ({
    command: `[ -d $(dirname ${path}) ] || exit 127; cat >> ${path}`,
    keep_running: false,
  })),
]
