import type { EarlyFields } from '@falc/engine'
import { ROWS } from './fields.ts'

/**
 * Values near the beginning of an event that most rules check: user, verb, kind of object, result. They are found without parsing the
 * event. None is inside another one, and no key is a number.
 */
const POINTERS: ReadonlySet<string> = new Set([
  ...['/level', '/stage', '/verb', '/user/username', '/impersonatedUser/username'],
  ...['/objectRef/resource', '/objectRef/subresource', '/objectRef/namespace', '/objectRef/apiGroup'],
  ...['/responseStatus/code', '/responseStatus/reason', '/annotations/authorization.k8s.io~1decision'],
])

/** Where the value of an early field is; undefined: it is not one. */
export function earlyPointer(field: string, arg: string | undefined): string | undefined {
  const pointer =
    field === 'json.value' || field === 'jevt.value' ? (arg?.startsWith('/') ? arg : `/${arg}`) : plain(field)
  return pointer !== undefined && POINTERS.has(pointer) ? pointer : undefined
}

function plain(field: string): string | undefined {
  const row = ROWS[field as keyof typeof ROWS]
  return row?.reader === 'plain' ? row.pointer : undefined
}

/** Digits of an event's time. Events that may be passed over were logged in this century. */
const DIGITS_OF_TIME = /^\d{18,19}$/

export const EARLY: EarlyFields = {
  reads: (field, arg) => earlyPointer(field, arg) !== undefined,
  decides(field, operator, values) {
    if (field !== 'json.rawtime' && field !== 'jevt.rawtime') return undefined
    if (operator === 'exists') return true
    if (values.some(value => DIGITS_OF_TIME.test(String(value)))) return undefined
    return operator === '=' || operator === 'in' ? false : operator === '!=' ? true : undefined
  },
}
