import type { AlertData } from '@falc/engine'

/** An alert's ID: the number, in hex. */
export const idOf = (n: number) => n.toString(16).padStart(32, '0')

export function alert(n: number, change: Partial<AlertData> = {}): AlertData & { readonly id: string } {
  return {
    id: idOf(n),
    rule: 'Terminal shell in container',
    priority: 'Notice',
    source: 'syscall',
    tags: ['container', 'T1059'],
    time: 1_700_000_000_123_456_789n + BigInt(n),
    output: `22:13:20.123456789: Notice A shell was spawned ${n}`,
    message: `A shell was spawned ${n}`,
    output_fields: { 'proc.name': 'bash', 'container.id': 'abc', 'evt.num': n },
    hostname: 'node-1',
    ...change,
  }
}
