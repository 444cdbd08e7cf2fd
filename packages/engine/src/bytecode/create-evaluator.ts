import type { ExtractErrors } from '../fields/failures.ts'
import type { Backend, Evaluator } from './evaluator.ts'
import { canGenerate, Jit } from './jit.ts'
import type { Program } from './program.ts'
import { Vm } from './vm.ts'

/** Prepares a program to run. `jit` (the default) becomes `vm` where code generation is forbidden. */
export function createEvaluator(program: Program, backend: Backend = 'jit', errors?: ExtractErrors): Evaluator {
  return backend === 'jit' && canGenerate() ? new Jit(program, errors) : new Vm(program, errors)
}
