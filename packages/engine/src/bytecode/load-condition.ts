import { eventContext, nextEvent } from '../fields/evt.ts'
import { ExtractErrors } from '../fields/failures.ts'
import type { Source } from '../fields/field.ts'
import type { RegexEngine } from '../fields/regex.ts'
import { fieldTable } from '../fields/table.ts'
import type { ConditionOptions } from './compile-condition.ts'
import { createEvaluator } from './create-evaluator.ts'
import { disassemble } from './disassemble.ts'
import { loadProgram } from './save.ts'

export interface LoadConditionOptions extends Pick<ConditionOptions, 'backend' | 'onError'> {
  /** The `Regex` of `@falc/engine/regex`, for a condition that uses the operator `regex`. */
  readonly regex?: RegexEngine
}

/** A condition that was saved, ready to run. */
export interface LoadedCondition<E = any> {
  /** Whether an event satisfies the condition. */
  test(event: E): boolean
  /** The program as a listing. */
  disassemble(): string
}

/**
 * Loads the result of `compileCondition(…).save()` for a source that has the fields it names. Needs neither parser nor compiler.
 * @throws {Error} when the bytes are damaged, of another version or for another source
 * @throws {ConditionError} when the source lacks a field
 */
export function loadCondition<E>(
  bytes: Uint8Array,
  source: Source<E>,
  options: LoadConditionOptions = {},
): LoadedCondition<E> {
  const context = eventContext()
  const program = loadProgram(bytes, fieldTable(source, { context }), options.regex)
  const evaluator = createEvaluator(program, options.backend, (context.errors = new ExtractErrors(options.onError)))
  return {
    test(event) {
      nextEvent(context)
      evaluator.begin(event)
      return evaluator.test(0)
    },
    disassemble: () => disassemble(program),
  }
}
