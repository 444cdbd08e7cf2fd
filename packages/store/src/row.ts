/** An alert as a row. */
import { createHash } from 'node:crypto'
import { type AlertData, alertJson, priorityLevel } from '@falc/engine'
import { withoutPrefix } from '@falc/engine/analysis'
import type { Counted } from './counts.ts'
import { type Body, indexed } from './term.ts'

/** An alert on its way to the file: its JSON, and its time, which JSON would have to be parsed for. */
export interface Printed {
  readonly body: string
  readonly time: bigint
}

/** What is kept of an alert: all of it. */
export function printedOf(alert: AlertData): Printed {
  const message = withoutPrefix(alert.output, alert.priority) !== alert.message
  return { body: alertJson(alert, { id: true, message }), time: inRange(alert.time) }
}

export interface Row extends Counted {
  readonly id: Buffer
  readonly hostname: string | undefined
  readonly body: string
  /** What people search for in words. */
  readonly text: string
  readonly terms: string
}

export function rowOf({ body, time }: Printed): Row {
  const alert: Body = JSON.parse(body)
  const { rule, priority, source, hostname } = alert
  const { text, terms } = indexed(alert)
  return {
    ...{ id: idOf(alert.id), time, rule, priority: priorityLevel(priority), source, hostname, body },
    ...{ host: hostname ?? '', namespace: namespaceOf(alert), text, terms },
  }
}

/** The 16 bytes of an id. A program's own alerts may have others than the engine makes. */
export function idOf(id: string): Buffer {
  return /^[0-9a-f]{32}$/.test(id) ? Buffer.from(id, 'hex') : createHash('sha256').update(id).digest().subarray(0, 16)
}

/** The namespace that an alert is about, by the first of these fields that it has. */
const NAMESPACES = ['k8s.ns.name', 'ka.target.namespace']

/** The empty text: none. */
export function namespaceOf({ output_fields }: Pick<AlertData, 'output_fields'>): string {
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
