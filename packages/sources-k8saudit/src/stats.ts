import type { EventSieve } from '@falc/engine'
import type { AuditEvent } from './event.ts'
import type { AuditBody, BodyReader, Slice } from './parse.ts'
import type { AuditProblem, AuditProblemCause } from './problem.ts'

/** Counts of an input's events: accepted, and skipped or rejected by cause. */
export interface AuditStats {
  bytes: number
  events: number
  /** Of these, those that were not parsed since no rule can match them. */
  passedOver: number
  /** Documents and single events that were left out. */
  rejected: Record<AuditProblemCause, number>
}

export interface InputOptions {
  /** Bytes of an event in `evt.plugininfo`, at most (Falco's maxEventSize); fields always see the whole event. Default 262144. */
  readonly maxEventSize?: number
  /**
   * The events that no rule can match are then counted, but not parsed: `sieve: () => engine.sieve('k8s_audit')`. It is asked for each
   * piece of input, so that new rules take effect. Default: every event is delivered.
   */
  readonly sieve?: (() => EventSieve<AuditEvent> | undefined) | undefined
  /** Called for everything that is left out. */
  readonly onProblem?: (problem: AuditProblem) => void
  /** Ends the input; events already received are still delivered. */
  readonly signal?: AbortSignal
  /** Its pieces can be evaluated elsewhere, without what came before them. Default false. */
  readonly divided?: boolean
}

export function newStats(): AuditStats {
  return {
    bytes: 0,
    events: 0,
    passedOver: 0,
    rejected: {
      'bad-json': 0,
      'too-deep': 0,
      'not-an-event': 0,
      'too-large': 0,
      'log-gap': 0,
      deliveries: 0,
      worker: 0,
    },
  }
}

/** Counts what a piece of input has brought, and numbers its events. */
export function countBody(
  stats: AuditStats,
  { events, problems, passedOver = 0, before }: AuditBody & Partial<Slice>,
): void {
  for (let i = 0; i < events.length; i++) events[i]!.number = stats.events + (before?.[i] ?? 0) + i + 1
  stats.events += events.length + passedOver
  stats.passedOver += passedOver
  for (const problem of problems) stats.rejected[problem.cause] += problem.count ?? 1
}

/** The events of a body, counted as they are read. */
export function* countedEvents(
  body: BodyReader,
  stats: AuditStats,
  onProblem: InputOptions['onProblem'],
): Generator<AuditEvent[], void> {
  while (!body.done) {
    const slice = body.read()
    countBody(stats, slice)
    for (const problem of slice.problems) onProblem?.(problem)
    yield slice.events
  }
}

/** Adds what another reader has counted. */
export function addStats(to: AuditStats, from: AuditStats): void {
  to.bytes += from.bytes
  to.events += from.events
  to.passedOver += from.passedOver
  for (const cause of Object.keys(from.rejected) as AuditProblemCause[]) to.rejected[cause] += from.rejected[cause]
}
