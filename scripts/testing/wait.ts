import { setTimeout as sleep } from 'node:timers/promises'

/** Long enough for any machine: a test that waits this long has failed. */
const DEADLINE_MS = 60_000

/** Waits until a condition holds, and returns what it returned. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  ms = DEADLINE_MS,
): Promise<NonNullable<T>> {
  const end = performance.now() + ms
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`)
    await sleep(20)
  }
}
