import type { Priority } from '@falc/engine'
import type { Message } from '@falc/outputs'

/** An alert about falc itself, as Falco gives them: source "internal", no tags, no message. */
export interface InternalAlert {
  readonly rule: string
  readonly priority: Priority
  readonly output: string
  readonly fields?: Readonly<Record<string, string | number>>
}

export const HOT_RESTART_FAILURE = 'Falco internal: hot restart failure'

export function internalMessage(alert: InternalAlert, json: boolean, hostname: string, now = new Date()): Message {
  const { rule, priority, output, fields = {} } = alert
  if (json) {
    const line = JSON.stringify({
      hostname,
      output,
      output_fields: fields,
      priority,
      rule,
      source: 'internal',
      time: now.toISOString().replace('Z', '000000Z'),
    })
    return { line, priority }
  }
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  const text = `${timeOfDay(now)}: ${priority} ${output} (${pairs.join(' ')})`
  return { line: JSON.stringify(text).slice(1, -1), priority }
}

/** Local HH:MM:SS.nnnnnnnnn. */
function timeOfDay(now: Date): string {
  return `${now.toTimeString().slice(0, 8)}.${String(now.getMilliseconds()).padStart(3, '0')}000000`
}
