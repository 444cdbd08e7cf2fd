import { type AlertData, alertJson, type JsonOptions } from '@falc/engine'
import { FORMATS, type Format, falcoJson } from '@falc/outputs'
import type { Config } from '../config/config.ts'

type Wording = Pick<
  Config,
  | 'json_include_absence_property'
  | 'json_include_condition_fields_property'
  | 'json_include_id_property'
  | 'json_include_output_property'
  | 'json_include_message_property'
  | 'json_include_output_fields_property'
  | 'json_include_tags_property'
>

/** The properties of JSON that the configuration asks for. */
export function jsonWords(config: Wording): JsonOptions {
  return {
    absences: config.json_include_absence_property,
    condition_fields: config.json_include_condition_fields_property,
    id: config.json_include_id_property,
    output: config.json_include_output_property,
    message: config.json_include_message_property,
    output_fields: config.json_include_output_fields_property,
    tags: config.json_include_tags_property,
  }
}

/** Falco's JSON, with the properties that the configuration asks for. */
export function jsonFormat(config: Wording): Format {
  const { contentType, print, write } = falcoJson(jsonWords(config))
  return {
    contentType,
    print: alert => (alert.source === 'internal' ? internalJson(alert) : print(alert)),
    write(alert, sink) {
      if (alert.source === 'internal') sink.text(internalJson(alert))
      else write(alert, sink)
    },
  }
}

export const TEXT_FORMAT: Format = FORMATS.text.format

/** As in Falco, alerts about falc itself have neither tags nor a message, and their output is bare. */
function internalJson(alert: AlertData): string {
  return alertJson({ ...alert, output: alert.message }, { tags: false })
}
