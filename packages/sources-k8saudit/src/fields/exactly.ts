import type { AuditEvent } from '../event.ts'
import { DIGITS_LOST, type JsonDocument } from '../json/document.ts'

/** Reads the quick document, and the exact one where digits would be lost. */
export function exactly<A, T>(read: (document: JsonDocument, arg: A) => T): (event: AuditEvent, arg: A) => T {
  return (event, arg) => {
    try {
      return read(event.document, arg)
    } catch (error) {
      if (error !== DIGITS_LOST) throw error
      return read(event.exact, arg)
    }
  }
}
