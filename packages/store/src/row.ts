/** An alert as a row. */
import { createHash } from 'node:crypto'
import { type AlertData, alertJson, parseAlert, priorityLevel } from '@falc/engine'
import { withoutPrefix } from '@falc/engine/analysis'
import type { Counted } from './counts.ts'
import { termsOf } from './term.ts'

/** What is kept of an alert: all of it. */
export function bodyOf(alert: AlertData): string {
  const message = withoutPrefix(alert.output, alert.priority) !== alert.message
  return alertJson(alert, { id: true, message })
}

export interface Row extends Counted {
  readonly id: Buffer
  readonly hostname: string | undefined
  readonly body: string
  /** What people search for in words. */
  readonly text: string
  readonly terms: string
}

/** @param body as `bodyOf` returns it @throws {SyntaxError} for anything that is not an alert */
export function rowOf(body: string): Row {
  const alert = parseAlert(body)
  const { rule, priority, source, hostname } = alert
  return {
    ...{
      id: idOf(alert.id),
      time: inRange(alert.time),
      rule,
      priority: priorityLevel(priority),
      source,
      hostname,
      body,
    },
    ...{ host: hostname ?? '', namespace: namespaceOf(alert), text: `${rule} ${alert.message}`, terms: termsOf(alert) },
  }
}

/** The 16 bytes of an id. A program's own alerts may have others than the engine makes. */
export function idOf(id: string): Buffer {
  return /^[0-9a-f]{32}$/.test(id) ? Buffer.from(id, 'hex') : createHash('sha256').update(id).digest().subarray(0, 16)
}

/** The namespace that an alert is about, by the first of these fields that it has. */
const NAMESPACES = ['k8s.ns.name', 'ka.target.namespace']

function namespaceOf({ output_fields }: AlertData): string {
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
