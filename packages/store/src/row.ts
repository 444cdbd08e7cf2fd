/** The columns of an alert's row. */
import { createHash } from 'node:crypto'
import type { Body } from './term.ts'

/** The 16 bytes of an id. A program's own alerts may have others than the engine makes. */
export function idOf(id: string): Buffer {
  return /^[0-9a-f]{32}$/.test(id) ? Buffer.from(id, 'hex') : createHash('sha256').update(id).digest().subarray(0, 16)
}

/** The namespace that an alert is about, by the first of these fields that it has. */
const NAMESPACES = ['k8s.ns.name', 'ka.target.namespace']

const NAMESPACE_BYTES = NAMESPACES.map(name => Buffer.from(name))

/** Which of these a name is; -1: none. */
export function namespaceField(all: Buffer, start: number, end: number): number {
  return NAMESPACE_BYTES.findIndex(name => name.length === end - start && name.compare(all, start, end) === 0)
}

/** The empty text: none. */
export function namespaceOf({ output_fields }: Pick<Body, 'output_fields'>): string {
  for (const name of NAMESPACES) {
    const value = output_fields[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return ''
}

const LAST = 2n ** 63n - 1n

/** Times that SQLite's integers cannot hold, those after 2262, count as the last one that they can. */
export function inRange(time: bigint): bigint {
  return time > LAST ? LAST : time < -LAST ? -LAST : time
}
