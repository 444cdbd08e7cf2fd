import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostname } from './hostname.ts'

/**
 * What ids of alerts name as their machine: the configuration's `identity`, else the machine's ID (of the host, if its root is mounted at
 * `$HOST_ROOT`), else the host name. systemd wants machine IDs kept secret; alerts show only a hash over this and other things.
 */
export function identity(configured: string): string {
  return configured || machineId(join(process.env.HOST_ROOT || '/', 'etc/machine-id')) || hostname()
}

function machineId(path: string): string | undefined {
  try {
    return /^[0-9a-f]{32}$/m.exec(readFileSync(path, 'latin1').slice(0, 64))?.[0]
  } catch {
    return undefined
  }
}
