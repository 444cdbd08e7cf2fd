import { alertJson, alertText, type JsonOptions, writeAlertJson, writeAlertText } from '@falc/engine'
import type { Format } from '../model/format.ts'

/** Alerts as Falco prints them in JSON. */
export function falcoJson(include: JsonOptions = {}): Required<Format> {
  return {
    contentType: 'application/json',
    print: alert => alertJson(alert, include),
    write: (alert, sink) => writeAlertJson(alert, sink, include),
  }
}

/** The line that Falco prints without JSON. */
export const falcoText: Required<Format> = { contentType: 'text/plain', print: alertText, write: writeAlertText }
