import type { Span } from '../text/span.ts'

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

/** Thrown by the parser and the compilers of conditions and templates; `span` lies in the text that they were given. */
export class ConditionError extends Error {
  readonly code: ConditionErrorCode
  readonly span: Span
  constructor(code: ConditionErrorCode, message: string, span: Span) {
    super(message)
    this.name = 'ConditionError'
    this.code = code
    this.span = span
  }
}
