import type { ByteSink } from '../text/byte-sink.ts'

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

/**
 * The last time printed, in parts. An alert prints its time several times, and alerts come in bursts: most of them share their second,
 * and nearly all their hour. Arithmetic with bigints and Date are what cost most here.
 */
const last = { ns: 0n, start: 0n, second: 0, fraction: '.000000000' }
let printedClock = { second: Number.NaN, text: '' }
let printedUtc = { second: Number.NaN, text: '' }
let utcDay = { day: Number.NaN, text: '' }
/** A quarter of an hour in which the local clock is not moved; none yet. */
let quarter = { start: Number.NaN, second: 0 }

function split(ns: bigint): typeof last {
  if (ns === last.ns) return last
  let rest = Number(ns - last.start)
  if (!(rest >= 0 && rest < 1e9)) {
    rest = Number(remainder(ns))
    last.start = ns - BigInt(rest)
    // The quotient is off by much less than half a second as far as Date reaches.
    last.second = Math.min(Math.max(Math.round(Number(last.start) / 1e9), -MAX_SECONDS), MAX_SECONDS)
  }
  last.ns = ns
  last.fraction = `.${three(rest / 1e6)}${three(rest / 1e3)}${three(rest)}`
  return last
}

/** `HH:MM:SS`, local time. */
export function clockTime(ns: bigint): string {
  const { second } = split(ns)
  if (second !== printedClock.second) printedClock = { second, text: clock(localSecond(second)) }
  return printedClock.text
}

/** `YYYY-MM-DD`, local time. */
export function calendarDay(ns: bigint): string {
  const date = new Date(split(ns).second * 1000)
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** `.nnnnnnnnn`: the fraction of the second. */
export function fraction(ns: bigint): string {
  return split(ns).fraction
}

/** `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn`, UTC, without a zone. */
export function utcTime(ns: bigint): string {
  return utcSecond(split(ns).second) + last.fraction
}

function utcSecond(second: number): string {
  if (second !== printedUtc.second) {
    const day = Math.floor(second / DAY)
    if (day !== utcDay.day) utcDay = { day, text: new Date(day * DAY * 1000).toISOString().slice(0, -13) }
    printedUtc = { second, text: utcDay.text + clock(second - day * DAY) }
  }
  return printedUtc.text
}

/** `2026-11-24T14:12:34.638674831Z`: UTC with nanoseconds. */
export function isoTime(ns: bigint): string {
  return `${utcTime(ns)}Z`
}

/** Appends what `isoTime` returns. */
export function writeIsoTime(ns: bigint, sink: ByteSink): void {
  sink.text(utcSecond(split(ns).second))
  sink.text(last.fraction)
  sink.byte(0x5a)
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

/** The largest distance from 1970 that a Date can hold, in seconds: times beyond are printed as the nearest one inside. */
const MAX_SECONDS = 8_640_000_000_000

const DAY = 86_400
const QUARTER = 900

/** The second of the local day. */
function localSecond(second: number): number {
  const start = Math.floor(second / QUARTER) * QUARTER
  if (start !== quarter.start) {
    const [first, last] = [dateSecond(start), dateSecond(start + QUARTER - 1)]
    // The clock is moved within it.
    if ((first + QUARTER - 1) % DAY !== last) return dateSecond(second)
    quarter = { start, second: first }
  }
  return (quarter.second + second - start) % DAY
}

function dateSecond(second: number): number {
  const date = new Date(second * 1000)
  return (date.getHours() * 60 + date.getMinutes()) * 60 + date.getSeconds()
}

/** `HH:MM:SS` of the second of a day. */
function clock(second: number): string {
  const minute = Math.floor(second / 60)
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}:${two(second % 60)}`
}

const THREE = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'))

/** The last three digits before the point. */
function three(n: number): string {
  return THREE[Math.floor(n) % 1000]!
}

const TWO = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'))

function two(n: number): string {
  return TWO[n]!
}
