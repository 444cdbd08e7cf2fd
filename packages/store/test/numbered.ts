/** Alerts by number. */
import type { AlertData } from '@falc/engine'

export const idOf = (n: number) => n.toString(16).padStart(32, '0')

/** The time of alert 0: the start of a day. */
export const START = 1_700_006_400_000_000_000n
const SECOND = 1_000_000_000n

/** Each number is one minute after the one before. */
export function alert(n: number, change: Partial<AlertData> = {}): AlertData {
  const message = `A shell was spawned (proc.name=sh${n % 7} file=/etc/shadow)`
  return {
    id: idOf(n),
    rule: `Rule ${n % 3}`,
    priority: (['Error', 'Notice', 'Debug'] as const)[n % 3]!,
    source: 'syscall',
    tags: ['container', `T${n % 2}`],
    time: START + BigInt(n) * 60n * SECOND,
    output: `22:13:20.123456789: ${['Error', 'Notice', 'Debug'][n % 3]} ${message}`,
    message,
    output_fields: { 'proc.name': `sh${n % 7}`, 'proc.pid': n, 'fd.name': '/etc/shadow', 'k8s.ns.name': `ns${n % 2}` },
    hostname: `node-${n % 2}`,
    ...change,
  }
}
