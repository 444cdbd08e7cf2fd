/** Alerts as they are stored: JSON from which all of an alert can be read again. */
import { type AlertData, parseAlert } from '@falc/engine'
import { falcoJson } from '../formats/falco.ts'
import { shared } from '../model/format.ts'

/** One alert after the other goes to several outputs: it is printed once. */
const STORED = shared(falcoJson({ id: true, message: true }))

export function printStored(alert: AlertData): string {
  return STORED.print(alert)
}

/** @throws {SyntaxError} when the text is not an alert */
export function parseStored(text: string): AlertData {
  return parseAlert(text)
}
