import type { AuditBody } from '../parse.ts'
import type { AuditProblem, AuditProblemCause } from '../problem.ts'

/** What a way in has taken and what it has not, by cause. */
export interface AuditStats {
  bytes: number
  events: number
  /** Events of which values were cut because they were too large. */
  cut: number
  /** Texts and single events that were left out. */
  rejected: Record<AuditProblemCause, number>
}

export interface InputOptions {
  /** Events larger than this are cut, value by value. Default 262144, as Falco's maxEventSize. */
  readonly maxEventSize?: number
  /** Told of everything that is left out. */
  readonly onProblem?: (problem: AuditProblem) => void
  /** Ends the input; events that are already in are still given out. */
  readonly signal?: AbortSignal
}

export const MAX_EVENT_SIZE = 262_144

export function newStats(): AuditStats {
  return { bytes: 0, events: 0, cut: 0, rejected: { 'bad-json': 0, 'too-deep': 0, 'not-an-event': 0, 'too-large': 0 } }
}

export function countBody(stats: AuditStats, { events, problems }: AuditBody): void {
  stats.events += events.length
  for (const event of events) if (event.cuts > 0) stats.cut++
  for (const problem of problems) stats.rejected[problem.cause] += problem.count ?? 1
}
