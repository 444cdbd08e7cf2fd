import type { Place, Span } from '../text/span.ts'

/** Why a condition (or an output template) was refused. */
export type ConditionErrorCode =
  | 'syntax'
  | 'depth'
  | 'field'
  | 'operator'
  | 'value'
  | 'macro'
  | 'transformer'
  | 'template'

/**
 * Thrown by the parser and the compilers of conditions and templates; `span` lies in the text that they were given.
 * `place` is the node's place in its rules file, when it has one: give it where the node may have come out of a macro.
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
