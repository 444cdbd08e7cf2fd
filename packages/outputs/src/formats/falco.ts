import { alertJson, alertText, type JsonOptions } from '@falc/engine'
import type { Format } from '../model/format.ts'

/** Alerts as Falco prints them in JSON. */
export function falcoJson(include: JsonOptions = {}): Format {
  return { contentType: 'application/json', print: alert => alertJson(alert, include) }
}

/** The line that Falco prints without JSON. */
export const falcoText: Format = { contentType: 'text/plain', print: alertText }
