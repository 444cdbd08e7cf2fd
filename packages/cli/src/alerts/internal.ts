import { type AlertData, alertId, clockTime, fraction, type Json, type Priority, printJson } from '@falc/engine'

/** An alert about falc itself. As in Falco its source is `internal`, and it has neither tags nor a message. */
export interface InternalAlert {
  readonly rule: string
  readonly priority: Priority
  readonly output: string
  readonly fields?: Readonly<Record<string, Json>>
}

export const HOT_RESTART_FAILURE = 'Falco internal: hot restart failure'

/** @param time ns since 1970 */
export function internalAlert(internal: InternalAlert, hostname: string, time: bigint): AlertData {
  const { rule, priority, output, fields = {} } = internal
  return {
    id: alertId({ identity: hostname, source: 'internal', rule, time, event: output }),
    rule,
    priority,
    source: 'internal',
    tags: [],
    time,
    output: `${clockTime(time)}${fraction(time)}: ${priority} ${output}${pairs(fields)}`,
    message: output,
    output_fields: fields as AlertData['output_fields'],
    hostname,
  }
}

function pairs(fields: Readonly<Record<string, Json>>): string {
  const texts = Object.keys(fields)
    .sort()
    .map(key => `${key}=${printJson(fields[key])}`)
  return texts.length === 0 ? '' : ` (${texts.join(' ')})`
}
