import { setTimeout as sleep } from 'node:timers/promises'

/** The timeout of all waits, long enough for any machine: a test that waits this long has failed. */
export const DEADLINE_MS = 120_000

/** For a call that must succeed. */
export const patient = () => AbortSignal.timeout(DEADLINE_MS)

/** Waits until a condition holds, and returns what it returned. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  ms = DEADLINE_MS,
): Promise<Exclude<NonNullable<T>, false>> {
  const end = performance.now() + ms
  for (;;) {
    const value = await condition()
    if (value) return value as Exclude<NonNullable<T>, false>
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`)
    await sleep(20)
  }
}

/** Waits until assertions pass; past the deadline, their failure is the test's. */
export async function eventually(assertions: () => unknown, ms = DEADLINE_MS): Promise<void> {
  const end = performance.now() + ms
  for (;;) {
    try {
      await assertions()
      return
    } catch (error) {
      if (performance.now() > end) throw error
    }
    await sleep(5)
  }
}
