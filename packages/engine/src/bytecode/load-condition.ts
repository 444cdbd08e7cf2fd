import { type EventContext, eventContext, nextEvent } from '../fields/evt.ts'
import { ExtractErrors, type ExtractFailure } from '../fields/failures.ts'
import type { Source } from '../fields/field.ts'
import type { RegexEngine } from '../fields/regex.ts'
import { fieldTable } from '../fields/table.ts'
import { createEvaluator } from './create-evaluator.ts'
import type { Backend } from './evaluator.ts'
import type { Program } from './program.ts'
import { loadProgram } from './save.ts'

export interface ConditionRunOptions {
  /** Default: jit. */
  readonly backend?: Backend
  /** Called for every field that could not be read and is therefore absent. */
  readonly onError?: (failure: ExtractFailure) => void
}

export interface LoadConditionOptions extends ConditionRunOptions {
  /** The `Regex` of `@falc/engine/regex`, for a condition that uses the operator `regex`. */
  readonly regex?: RegexEngine
}

/** A condition that was saved, ready to run. */
export interface LoadedCondition<E = any> {
  /** Whether an event satisfies the condition. */
  test(event: E): boolean
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
  return runProgram(loadProgram(bytes, fieldTable(source, { context }), options.regex), context, options)
}

/** A program of one condition, ready to run. */
export function runProgram<E>(
  program: Program,
  context: EventContext,
  { backend, onError }: ConditionRunOptions,
): LoadedCondition<E> {
  const evaluator = createEvaluator(program, backend, (context.errors = new ExtractErrors(onError)))
  return {
    test(event) {
      nextEvent(context)
      evaluator.begin(event)
      return evaluator.test(0)
    },
  }
}
