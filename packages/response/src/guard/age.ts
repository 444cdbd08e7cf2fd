import type { AlertData } from '@falc/engine'

/** Milliseconds. */
export const MAX_AGE = 600_000

/**
 * Why an alert is acted on no more: old ones come from a stream, a log or a recording.
 * @param stored milliseconds since 1970 at which it was stored: the alert is no younger than that, whatever it says
 */
export function staleness({ time }: AlertData, maxAge: number, stored = Number.POSITIVE_INFINITY): string | undefined {
  const [now, at] = [Date.now(), Number(time / 1_000_000n)]
  if (now - Math.min(at, stored) > maxAge) return `the alert is more than ${maxAge / 1000} s old`
  return at - now > maxAge ? `the alert is from more than ${maxAge / 1000} s in the future` : undefined
}
