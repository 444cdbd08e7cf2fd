import type { AuditBody } from './parse.ts'
import type { AuditProblem, AuditProblemCause } from './problem.ts'

/** What an input has taken and what it has left out, by cause. */
export interface AuditStats {
  bytes: number
  events: number
  /** Documents and single events that were left out. */
  rejected: Record<AuditProblemCause, number>
}

export interface InputOptions {
  /** Bytes of an event in `evt.plugininfo`, at most (Falco's maxEventSize); fields always see the whole event. Default 262144. */
  readonly maxEventSize?: number
  /** Called for everything that is left out. */
  readonly onProblem?: (problem: AuditProblem) => void
  /** Ends the input; events already received are still delivered. */
  readonly signal?: AbortSignal
}

export function newStats(): AuditStats {
  return {
    bytes: 0,
    events: 0,
    rejected: { 'bad-json': 0, 'too-deep': 0, 'not-an-event': 0, 'too-large': 0, 'log-gap': 0 },
  }
}

export function countBody(stats: AuditStats, { events, problems }: AuditBody): void {
  stats.events += events.length
  for (const problem of problems) stats.rejected[problem.cause] += problem.count ?? 1
}
