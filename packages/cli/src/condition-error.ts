import type { ConditionError } from '@falc/engine'
import { CliError } from './fail.ts'

/** The message with the condition's line and a caret below it. */
export function conditionError({ message, span }: ConditionError, text: string): CliError {
  const line = text.split('\n')[span.line - 1] ?? ''
  return new CliError(`${message}\n  ${line}\n  ${' '.repeat(span.column - 1)}${'^'.repeat(Math.max(1, span.length))}`)
}
