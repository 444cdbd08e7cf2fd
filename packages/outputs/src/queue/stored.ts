/** Alerts as they are stored: as JSON that preserves the whole alert. */
import { type AlertData, alertJson, parseAlert } from '@falc/engine'

const STORED = { id: true, message: 'apart', absences: true, condition_fields: true } as const

/** One alert after the other goes to several outputs: it is printed once. */
let last: AlertData | undefined
let text = ''

export function printStored(alert: AlertData): string {
  if (alert !== last) {
    text = alertJson(alert, STORED)
    last = alert
  }
  return text
}

/** @throws {SyntaxError} when the text is not an alert */
export function parseStored(text: string): AlertData {
  return parseAlert(text)
}
