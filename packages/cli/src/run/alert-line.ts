import { type Alert, alertJson, alertText } from '@falc/engine'
import type { Config } from '../config/config.ts'

/** An alert as the configuration wants it printed, without a newline. */
export function alertLine(alert: Alert, { json }: Config): string {
  if (!json.enabled) return alertText(alert)
  return alertJson(alert, {
    output: json.output,
    message: json.message,
    output_fields: json.outputFields,
    tags: json.tags,
  })
}
