import { escapeLine, type Json, type Priority, printJson } from '@falc/engine'
import type { Message } from '@falc/outputs'

/** An alert about falc itself, as Falco gives them: source "internal", no tags, no message. */
export interface InternalAlert {
  readonly rule: string
  readonly priority: Priority
  readonly output: string
  readonly fields?: Readonly<Record<string, Json>>
}

export const HOT_RESTART_FAILURE = 'Falco internal: hot restart failure'

export function internalMessage(alert: InternalAlert, json: boolean, hostname: string, now = new Date()): Message {
  const { rule, priority, output, fields = {} } = alert
  if (json) {
    const time = now.toISOString().replace('Z', '000000Z')
    const line = printJson({ hostname, output, output_fields: fields, priority, rule, source: 'internal', time })
    return { line, priority }
  }
  const pairs = Object.keys(fields)
    .sort()
    .map(key => `${key}=${printJson(fields[key])}`)
  const text = `${timeOfDay(now)}: ${priority} ${output} (${pairs.join(' ')})`
  return { line: escapeLine(text), priority }
}

/** Local HH:MM:SS.nnnnnnnnn. */
function timeOfDay(now: Date): string {
  return `${now.toTimeString().slice(0, 8)}.${String(now.getMilliseconds()).padStart(3, '0')}000000`
}
