import { type Alert, alertJson, alertText } from '@falc/engine'
import type { Config } from '../config/config.ts'

/** An alert as the configuration wants it printed, without a newline. */
export function alertLine(alert: Alert, config: Config): string {
  if (!config.json_output) return alertText(alert)
  return alertJson(alert, {
    id: config.json_include_id_property,
    output: config.json_include_output_property,
    message: config.json_include_message_property,
    output_fields: config.json_include_output_fields_property,
    tags: config.json_include_tags_property,
  })
}
