import type { ConditionErrorCode } from '../condition/error.ts'
import type { ProblemCode } from '../text/problem.ts'
import type { Place, Span } from '../text/span.ts'

/** A finding of a stage in a rule; the report turns it into a Problem with locations and a snippet. */
export interface Finding {
  readonly code: ProblemCode
  readonly message: string
  /** What it is about; `span` or `place` say where in the condition or the output. */
  readonly part: 'condition' | 'output' | 'rule'
  /** In the text of the condition or the output. For a node that came from a macro: in the macro's text, with `place`. */
  readonly span?: Span | undefined
  /** The node's place in its file; takes precedence over `span`. */
  readonly place?: Place | undefined
  readonly deprecatedField?: string
  /** Why the condition or the output was rejected. */
  readonly cause?: ConditionErrorCode
}

export interface Findings {
  /** With any, the rule cannot be loaded. */
  readonly errors: readonly Finding[]
  readonly warnings: readonly Finding[]
}
