import type { Condition } from '../condition/ast.ts'
import { eventContext, nextEvent } from '../fields/evt.ts'
import { ExtractErrors, type ExtractFailure } from '../fields/failures.ts'
import type { Source } from '../fields/field.ts'
import { fieldTable } from '../fields/table.ts'
import { closeCondition, type Names } from './close-condition.ts'
import { compileProgram } from './compile.ts'
import { createEvaluator } from './create-evaluator.ts'
import { disassemble } from './disassemble.ts'
import type { Backend } from './evaluator.ts'
import { javascript } from './javascript.ts'
import { lower } from './lower.ts'
import { saveProgram } from './save.ts'
import type { ConditionWarning } from './warnings.ts'

export interface ConditionOptions extends Names {
  /** Default: jit. */
  readonly backend?: Backend
  /** Called for every field that could not be read and is therefore absent. */
  readonly onError?: (failure: ExtractFailure) => void
}

export interface CompiledCondition<E = any> {
  /** Whether an event satisfies the condition. */
  test(event: E): boolean
  /** The program as a listing. */
  disassemble(): string
  /** The JavaScript that the JIT makes of the program, with the listing beside it. */
  javascript(): string
  readonly warnings: readonly ConditionWarning[]
  /** The program as bytes that `@falc/engine/runtime` loads without the parser. */
  save(): Uint8Array
}

/**
 * Compiles a single condition.
 * @throws {ConditionError} for a syntax error, and for a field, operator or value that the source does not allow
 */
export function compileCondition<E>(
  condition: string | Condition,
  source: Source<E>,
  options: ConditionOptions = {},
): CompiledCondition<E> {
  const context = eventContext()
  const table = fieldTable(source, { context })
  const { node, warnings } = lower(closeCondition(condition, options), table)
  const program = compileProgram(table, [node])
  const evaluator = createEvaluator(program, options.backend, (context.errors = new ExtractErrors(options.onError)))
  return {
    test(event) {
      nextEvent(context)
      evaluator.begin(event)
      return evaluator.test(0)
    },
    disassemble: () => disassemble(program),
    javascript: () => javascript(program, true),
    warnings,
    save: () => saveProgram(program),
  }
}
