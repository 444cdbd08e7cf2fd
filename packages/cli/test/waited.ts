import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Nanoseconds for which a process and its descendants were ready to run but had no CPU. */
export function waited(pid: number): bigint {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/schedstat`, 'utf8')
  } catch {
    // The sidecar's helpers come and go.
    return 0n
  }
  const children = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
  return children.reduce((sum, child) => sum + waited(Number(child)), BigInt(stat.split(' ')[1]!))
}
