import type { AuditEvent } from '../event.ts'

/** Reads again, with exact numbers, when reading met a number whose digits may have been lost. */
export function exactly<A, T>(read: (event: AuditEvent, arg: A) => T): (event: AuditEvent, arg: A) => T {
  return (event, arg) => {
    const value = read(event, arg)
    return event.inexact && event.makeExact() ? read(event, arg) : value
  }
}
