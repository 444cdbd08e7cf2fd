/**
 * Alerts on their way to the file: a long text and an array, which another thread gets for much less than as many objects. What the
 * indexes have of an alert is taken from its JSON by who writes the file: the thread of the events only prints.
 */
import { type AlertData, alertJson } from '@falc/engine'
import { inRange } from './row.ts'

export interface Batch {
  /** Their JSON, one per line. */
  readonly bodies: string
  readonly times: BigInt64Array<ArrayBuffer>
}

export function batchOf(alerts: readonly AlertData[]): Batch {
  const times = new BigInt64Array(alerts.length)
  let bodies = ''
  for (let i = 0; i < alerts.length; i++) {
    const alert = alerts[i]!
    bodies += `${alertJson(alert, { id: true, message: 'apart', absences: true, condition_fields: true })}\n`
    times[i] = inRange(alert.time)
  }
  return { bodies, times }
}
