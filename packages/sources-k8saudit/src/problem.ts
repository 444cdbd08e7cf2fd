/** Why an audit body, or one event of it, was rejected. */
export type AuditProblemCause =
  /** Not JSON: truncated, a syntax error, plain text. */
  | 'bad-json'
  /** Nested too deep. */
  | 'too-deep'
  /** JSON, but neither an audit event nor a list of them. */
  | 'not-an-event'
  /** Larger than a limit. */
  | 'too-large'
  /** Part of a log was gone before it could be read. */
  | 'log-gap'
  /** A batch of a stream was given to workers too often, perhaps because it ends them. */
  | 'deliveries'
  /** A piece of input ended its worker thread, or kept it busy for too long, twice. */
  | 'worker'

export interface AuditProblem {
  readonly cause: AuditProblemCause
  readonly message: string
  /** Position in the list, if a single item is bad. */
  readonly index?: number
  /** The number of items that this summarises, if several. */
  readonly count?: number
  /** Line of the log where the document begins, from 1. */
  readonly line?: number
}

/** A body without any audit event. */
export class AuditError extends Error {
  override readonly name = 'AuditError'
  override readonly cause: AuditProblemCause
  /** The problems of single events that were left out. */
  readonly problems: readonly AuditProblem[]

  constructor(problems: readonly AuditProblem[]) {
    const first = problems[0]!
    super(problems.length === 1 ? first.message : `${first.message} (and ${problems.length - 1} more)`)
    this.cause = first.cause
    this.problems = problems
  }
}
