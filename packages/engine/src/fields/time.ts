/** Event times in the forms that Falco prints. All take nanoseconds since 1970. */

const NS = 1_000_000_000n

/**
 * Nanoseconds since 1970 of a time as sources give it: nanoseconds, a Date, or text in ISO 8601 with up to nine digits of a
 * second. @throws {TypeError} for anything else
 */
export function nanoseconds(time: bigint | Date | string): bigint {
  if (typeof time === 'bigint') return time
  if (time instanceof Date && !Number.isNaN(time.getTime())) return BigInt(time.getTime()) * 1_000_000n
  if (typeof time === 'string' && ISO.test(time)) {
    const second = Date.parse(time.replace(FRACTION, ''))
    const digits = FRACTION.exec(time)?.[0].slice(1) ?? ''
    if (!Number.isNaN(second)) return BigInt(second) * 1_000_000n + BigInt(digits.padEnd(9, '0'))
  }
  throw new TypeError(`not a time (bigint in nanoseconds, Date or ISO 8601 text): ${String(time)}`)
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/i
const FRACTION = /\.\d+/

/** The last second printed and its text: alerts come in bursts. */
let printedSecond: bigint | undefined
let printedClock = ''

/** `HH:MM:SS`, local time. */
export function clockTime(ns: bigint): string {
  const second = seconds(ns)
  if (second !== printedSecond) {
    const date = toDate(ns)
    printedClock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
    printedSecond = second
  }
  return printedClock
}

/** `YYYY-MM-DD`, local time. */
export function calendarDay(ns: bigint): string {
  const date = toDate(ns)
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** `.nnnnnnnnn`: the fraction of the second. */
export function fraction(ns: bigint): string {
  return `.${String(remainder(ns)).padStart(9, '0')}`
}

/** `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn`, UTC, without a zone. */
export function utcTime(ns: bigint): string {
  return `${toDate(ns).toISOString().slice(0, -5)}${fraction(ns)}`
}

/** `2026-11-24T14:12:34.638674831Z`: UTC with nanoseconds. */
export function isoTime(ns: bigint): string {
  return `${utcTime(ns)}Z`
}

/** Whole seconds, rounded down. */
export function seconds(ns: bigint): bigint {
  return (ns - remainder(ns)) / NS
}

/** The nanoseconds within the second: 0 … 999,999,999. */
export function remainder(ns: bigint): bigint {
  const rest = ns % NS
  return rest < 0n ? rest + NS : rest
}

/** The largest distance from 1970 that a Date can hold, in seconds. */
const MAX_SECONDS = 8_640_000_000_000n

/** Times outside the range of Date are printed as the nearest one inside it. */
function toDate(ns: bigint): Date {
  const s = seconds(ns)
  return new Date(Number(s > MAX_SECONDS ? MAX_SECONDS : s < -MAX_SECONDS ? -MAX_SECONDS : s) * 1000)
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}
