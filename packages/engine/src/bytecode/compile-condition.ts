import type { Condition } from '../condition/ast.ts'
import { eventContext } from '../fields/evt.ts'
import type { Source } from '../fields/field.ts'
import { fieldTable } from '../fields/table.ts'
import { closeCondition, type Names } from './close-condition.ts'
import { compileProgram } from './compile.ts'
import { disassemble, LISTING } from './disassemble.ts'
import { javascript } from './javascript.ts'
import { type ConditionRunOptions, type LoadedCondition, runProgram } from './load-condition.ts'
import { lower } from './lower.ts'
import { saveProgram } from './save.ts'
import type { ConditionWarning } from './warnings.ts'

export interface ConditionOptions extends Names, ConditionRunOptions {}

export interface CompiledCondition<E = any> extends LoadedCondition<E> {
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
  return {
    ...runProgram<E>(program, context, options),
    disassemble: () => disassemble(program),
    javascript: () => javascript(program, LISTING),
    warnings,
    save: () => saveProgram(program),
  }
}
