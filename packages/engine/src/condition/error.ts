import type { Place, Span } from '../text/span.ts'

/** Why a condition (or an output template) was rejected. */
export type ConditionErrorCode =
  | 'syntax'
  | 'depth'
  /** The source has no such field. */
  | 'unknown-field'
  /** The source has no such event type. */
  | 'unknown-event-type'
  /** The field exists, but not with this argument or on this side of the operator. */
  | 'field'
  | 'operator'
  | 'value'
  | 'macro'
  | 'transformer'
  | 'template'

/** The codes that skip-if-unknown-filter is about: such a rule is skipped, not rejected. */
export const UNKNOWN: ReadonlySet<ConditionErrorCode> = new Set(['unknown-field', 'unknown-event-type'])

/**
 * Thrown by the parser and the compilers of conditions and templates. `span` lies in the text that they were given.
 * `place` is the node's place in its rules file, if it has one; pass it whenever the node may come from a macro.
 */
export class ConditionError extends Error {
  readonly code: ConditionErrorCode
  readonly span: Span
  readonly place: Place | undefined
  constructor(code: ConditionErrorCode, message: string, span: Span, place?: Place) {
    super(message)
    this.name = 'ConditionError'
    this.code = code
    this.span = span
    this.place = place
  }
}
