/** Whole seconds since 1970, rounded down, and the nanoseconds of that second. */
export interface Moment {
  readonly seconds: number
  readonly nanos: number
}

/** A moment as nanoseconds since 1970. */
export function toNs({ seconds, nanos }: Moment): bigint {
  return BigInt(seconds) * NS_PER_S + BigInt(nanos)
}

/** The nanoseconds since 1970 as decimal digits; without a bigint where possible, since rules ask for it on every event. */
export function nsText(moment: Moment): string {
  const { seconds, nanos } = moment
  return seconds > 0 ? `${seconds}${String(nanos).padStart(9, '0')}` : String(toNs(moment))
}

/**
 * Parses an RFC 3339 time; undefined when the text is not one. Digits after the ninth are cut. Without a regular
 * expression, because it runs for every event.
 */
export function parseTime(text: string): Moment | undefined {
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 7)
  const day = digits(text, 8, 10)
  const hour = digits(text, 11, 13)
  const minute = digits(text, 14, 16)
  const second = digits(text, 17, 19)
  if (!separated(text) || (year | month | day | hour | minute | second) < 0) return undefined
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  let at = 19
  let nanos = 0
  if (isOneOf(text, at, '.', ',')) {
    const from = ++at
    let unit = 100_000_000
    for (let c = text.charCodeAt(at); c >= 0x30 && c <= 0x39; c = text.charCodeAt(++at)) {
      nanos += (c - 0x30) * unit
      unit = Math.floor(unit / 10)
    }
    if (at === from) return undefined
  }
  const offset = offsetAt(text, at)
  if (offset === undefined) return undefined
  const seconds = daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
  return { seconds, nanos }
}

/** The characters as a number; -1 unless all are digits. */
function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i) - 0x30
    if (!(c >= 0 && c <= 9)) return -1
    value = value * 10 + c
  }
  return value
}

const isOneOf = (text: string, at: number, a: string, b: string): boolean => text[at] === a || text[at] === b

function separated(text: string): boolean {
  return text[4] === '-' && text[7] === '-' && isOneOf(text, 10, 'T', 't') && text[13] === ':' && text[16] === ':'
}

/** Seconds east of UTC, from the zone at the end of the text. */
function offsetAt(text: string, at: number): number | undefined {
  if (isOneOf(text, at, 'Z', 'z')) return at + 1 === text.length ? 0 : undefined
  const hours = digits(text, at + 1, at + 3)
  const minutes = digits(text, at + 4, at + 6)
  if (!isOneOf(text, at, '+', '-') || text[at + 3] !== ':' || (hours | minutes) < 0 || at + 6 !== text.length)
    return undefined
  return (text[at] === '-' ? -60 : 60) * (hours * 60 + minutes)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days in the Gregorian calendar. Years begin in March here, so that a leap day is the last of its year. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
}

const NS_PER_S = 1_000_000_000n
