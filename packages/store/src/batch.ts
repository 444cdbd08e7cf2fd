/**
 * Alerts on their way to the file, as bytes and numbers, which can be transferred to another thread without copying. The thread of the
 * events only prints them; the writing thread derives the index entries from the JSON.
 */
import { type AlertData, ByteSink, type JsonOptions, writeAlertJson } from '@falc/engine'
import { inRange } from './row.ts'

export interface Batch {
  /** Their JSON in UTF-8, one after another. */
  readonly bodies: Uint8Array
  /** Where each one ends. */
  readonly ends: Uint32Array
  readonly times: BigInt64Array
}

const INCLUDE: JsonOptions = { id: true, message: 'apart', absences: true, condition_fields: true }

/** One for all: texts of thousands of pieces, kept until the last one is there, cost garbage collection more than printing does. */
const sink = new ByteSink()

export function batchOf(alerts: readonly AlertData[]): Batch {
  const times = new BigInt64Array(alerts.length)
  const ends = new Uint32Array(alerts.length)
  sink.clear()
  for (let i = 0; i < alerts.length; i++) {
    const alert = alerts[i]!
    writeAlertJson(alert, sink, INCLUDE)
    ends[i] = sink.length
    times[i] = inRange(alert.time)
  }
  return { bodies: sink.written.slice(), ends, times }
}
