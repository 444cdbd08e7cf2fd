/** Parses and prints durations, sizes and rates. */
import type { Rate } from '../model/transport.ts'

const DURATIONS = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const

/**
 * Milliseconds of a duration in Prometheus' notation: `1h`, `15s`, `1h30m`. Units go from the longest to the shortest,
 * each at most once. A number without a unit is milliseconds, as in older releases of Falco. Blanks are ignored.
 * @returns undefined for any other text
 */
export function parseDuration(text: string): number | undefined {
  const bare = text.replace(/\s/g, '')
  if (/^\d+$/.test(bare)) return Number(bare)
  const match = /^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/.exec(bare)
  if (!match || bare === '') return undefined
  return match
    .slice(1)
    .filter(part => part !== undefined)
    .reduce((sum, part) => sum + Number.parseInt(part, 10) * DURATIONS[part.replace(/^\d+/, '') as 'y'], 0)
}

/** A duration as it would be written: `1h30m`. */
export function printDuration(ms: number): string {
  let [text, rest] = ['', ms]
  for (const [unit, size] of Object.entries(DURATIONS)) {
    if (rest < size) continue
    text += `${Math.floor(rest / size)}${unit}`
    rest %= size
  }
  return text || '0s'
}

const SIZES: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 }

/** Bytes of a size: `4096`, `64KiB`, `1.5GiB`. @returns undefined for any other text */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*((?:[KMGT]iB)?)$/.exec(text.trim())
  return match ? Math.round(Number(match[1]) * SIZES[match[2]!]!) : undefined
}

/** A size as it would be written. */
export function printBytes(bytes: number): string {
  const [unit, size] = Object.entries(SIZES).findLast(([, size]) => bytes >= size && bytes % size === 0) ?? ['', 1]
  return `${bytes / size}${unit}`
}

const PERIODS: Readonly<Record<string, number>> = {
  s: 1000,
  sec: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
}

/** `20/min`, `5/s`, `100/h`. @returns undefined for any other text */
export function parseRate(text: string): Rate | undefined {
  const match = /^(\d+)\s*\/\s*(\w+)$/.exec(text.trim())
  const per = match ? PERIODS[match[2]!] : undefined
  const alerts = Number(match?.[1])
  return per !== undefined && alerts >= 1 && Number.isSafeInteger(alerts) ? { alerts, per } : undefined
}
