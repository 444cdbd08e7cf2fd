import {
  type AlertData,
  alertId,
  alertJson,
  alertText,
  clockTime,
  fraction,
  type Json,
  type Priority,
  printJson,
} from '@falc/engine'
import type { Message } from '@falc/outputs'

/** An alert about falc itself. As in Falco its source is `internal`, and it has neither tags nor a message. */
export interface InternalAlert {
  readonly rule: string
  readonly priority: Priority
  readonly output: string
  readonly fields?: Readonly<Record<string, Json>>
}

export const HOT_RESTART_FAILURE = 'Falco internal: hot restart failure'

/** @param time ns since 1970 */
export function internalMessage(internal: InternalAlert, json: boolean, hostname: string, time: bigint): Message {
  const { rule, priority, output, fields = {} } = internal
  const alert: AlertData = {
    id: alertId({ identity: hostname, source: 'internal', rule, time, event: output }),
    rule,
    priority,
    source: 'internal',
    tags: [],
    time,
    // JSON has the bare text, the line has time, priority and fields besides.
    output: json ? output : `${clockTime(time)}${fraction(time)}: ${priority} ${output}${pairs(fields)}`,
    message: output,
    output_fields: fields as AlertData['output_fields'],
    hostname,
  }
  return { line: json ? alertJson(alert, { tags: false }) : alertText(alert), priority }
}

function pairs(fields: Readonly<Record<string, Json>>): string {
  const texts = Object.keys(fields)
    .sort()
    .map(key => `${key}=${printJson(fields[key])}`)
  return texts.length === 0 ? '' : ` (${texts.join(' ')})`
}
