const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** Nanoseconds since 1970 of an RFC 3339 time (digits after the ninth are cut); undefined when it is not one. */
export function parseTime(text: string): bigint | undefined {
  const m = RFC3339.exec(text)
  if (!m) return undefined
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(Date.UTC(2000, month - 1, day, hour, minute, second))
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCDate() !== day) return undefined
  const offset = m[8] ? (m[8] === '-' ? -1 : 1) * (Number(m[9]) * 60 + Number(m[10])) : 0
  const seconds = BigInt(date.getTime() / 1000 - offset * 60)
  return seconds * 1_000_000_000n + BigInt((m[7] ?? '').slice(0, 9).padEnd(9, '0'))
}

const NS_PER_S = 1_000_000_000n

/** Time of day in the local time zone, to the nanosecond: `15:04:05.000000000`. */
export function formatTime(ns: bigint): string {
  const { date, fraction } = split(ns)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${fraction}`
}

/** UTC in ISO 8601, to the nanosecond: `2026-01-02T15:04:05.000000000+0000`. */
export function formatIso8601(ns: bigint): string {
  const { date, fraction } = split(ns)
  return `${date.toISOString().slice(0, 19)}.${fraction}+0000`
}

function split(ns: bigint): { date: Date; fraction: string } {
  const fraction = ((ns % NS_PER_S) + NS_PER_S) % NS_PER_S
  return { date: new Date(Number((ns - fraction) / 1_000_000n)), fraction: String(fraction).padStart(9, '0') }
}
