import type { AuditEvent } from './event.ts'
import type { AuditProblem } from './problem.ts'
import type { AuditStats } from './stats.ts'

/** A piece of input. Pieces are produced, and settled, in the order of their events. */
export interface Piece {
  /** What can be read without what came before it; undefined: nothing is known of that. */
  readonly part?: Part | undefined
  /** Its events, in batches, which may be empty. They are parsed as they are asked for, and counted. */
  read(): Iterable<AuditEvent[]>
  /** Counts the findings of another reader. False: after what came before it the piece means something else, and has to be read. */
  join?(found: Found): boolean
  /** Called once. @param evaluated all of its events have been; false: they never will be */
  settle(evaluated: boolean): void
}

/** Whole lines of a log, or the body of a request. */
export interface Part {
  readonly form: 'lines' | 'body'
  readonly bytes: Uint8Array
}

/** What reading a part by itself has brought, but for its events. */
export interface Found {
  readonly stats: AuditStats
  readonly problems: readonly AuditProblem[]
  readonly lines: number
}
