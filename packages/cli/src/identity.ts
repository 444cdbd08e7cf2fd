import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostname } from './hostname.ts'

/**
 * The machine in the ids of alerts: the configuration's `identity`, else the machine ID (of the host, if its root is mounted at
 * `$HOST_ROOT`), else the host name. systemd asks to keep machine IDs secret: alerts show only a hash over it and other values.
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
