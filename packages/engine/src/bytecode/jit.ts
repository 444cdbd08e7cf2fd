import { checked } from '../fields/extract.ts'
import { ExtractErrors } from '../fields/failures.ts'
import type { Value } from '../fields/field.ts'
import { prepare } from './constants.ts'
import type { Evaluator } from './evaluator.ts'
import { javascript } from './javascript.ts'
import type { Program } from './program.ts'
import { applied, cleared, everyElement, someElement, truthsOf, tupleOf } from './vm.ts'

/** The environment of generated code. */
interface Environment {
  readonly constants: readonly unknown[]
  /** Per register: the field's extract function (bound to its declaration) and argument. */
  readonly extracts: readonly unknown[]
  readonly args: readonly unknown[]
  /** Checks a value that is not obviously of its field's type; returns what the register gets. */
  readonly check: (register: number, value: unknown, event: unknown) => unknown
  /** Reports what a field's function threw. */
  readonly fail: (register: number, error: unknown, event: unknown) => void
  readonly truths: (scope: number, event: unknown) => number[]
  readonly tuple: (values: readonly unknown[]) => unknown
  readonly apply: (constant: unknown, values: readonly unknown[]) => unknown
  readonly some: (value: unknown, test: unknown) => boolean
  readonly every: (value: unknown, test: unknown) => boolean
}

interface Generated {
  begin(event: unknown): void
  test(root: number): boolean
}

/** False where code generation is forbidden: a content security policy, a Node flag. */
export function canGenerate(): boolean {
  try {
    return new Function('return true')() === true
  } catch {
    return false
  }
}

/** Numbers the programs of a process: debuggers and profilers show the number. */
let programs = 0

/**
 * Runs a program as the JavaScript that javascript.ts makes of it.
 * @throws {EvalError} where code generation is forbidden
 */
export class Jit implements Evaluator {
  readonly backend = 'jit'
  // The generated functions themselves: a method around them would cost a call.
  readonly begin: (event: unknown) => void
  readonly test: (root: number) => boolean

  constructor(program: Program, errors: ExtractErrors = new ExtractErrors()) {
    const text = `${javascript(program)}//# sourceURL=falc-program-${++programs}.js`
    const make = new Function('env', text) as (env: Environment) => Generated
    const generated = make(environment(program, errors))
    this.begin = generated.begin
    this.test = generated.test
  }
}

function environment(program: Program, errors: ExtractErrors): Environment {
  const scratch: number[][] = program.scopes.map(() => [])
  const { registers } = program
  return {
    constants: program.constants.map(constant => prepare(constant, program.regex)),
    extracts: registers.map(field => field?.def.extract.bind(field.def)),
    args: registers.map(field => field?.arg),
    check: (register, value, event) => checked(registers[register]!, value as Value, event, errors),
    fail: (register, error, event) => errors.add(registers[register]!.text, error, event),
    truths: (scope, event) =>
      truthsOf(program, scope, event, errors) ?? (scratch[scope] = cleared(program, scope, scratch[scope]!)),
    tuple: values => tupleOf(values as never),
    apply: (constant, values) => applied(constant as never, values as never),
    some: (value, test) => someElement(value as Value, test as never),
    every: (value, test) => everyElement(value as Value, test as never),
  }
}
