/** Common to all engines: checks the identity of a container, and interprets failures of the engines' programs. */
import type { Answer, EngineCall } from '../model/call.ts'

/** How far the engine's clock and the sensor's may be apart: both are this machine's. */
const CLOCK_MS = 1000

/** Whether the container existed at the time of the alert. One whose age cannot be read may be another. */
export const isOlder = (created: string, { before }: EngineCall) =>
  Date.parse(created) <= Number(BigInt(before) / 1_000_000n) + CLOCK_MS

export const YOUNGER: Answer = {
  outcome: 'refused',
  said: 'the container is younger than the alert, or its age is unknown: it may be another one',
}

export function failureOf(error: unknown): Answer {
  const { stderr = '', message, code } = error as Error & { stderr?: string; code?: unknown }
  const said = (stderr || message).trim().slice(0, 300)
  if (/not found|no running task|already finished/.test(said)) return { outcome: 'already', said }
  return { outcome: typeof code === 'number' ? 'failed' : 'undecided', said }
}
