const UNITS = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const

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
    .reduce((sum, part) => sum + Number.parseInt(part, 10) * UNITS[part.replace(/^\d+/, '') as keyof typeof UNITS], 0)
}
