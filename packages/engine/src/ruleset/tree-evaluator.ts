import { evaluateTree } from '../bytecode/evaluate-tree.ts'
import type { Backend, Evaluator } from '../bytecode/evaluator.ts'
import type { Node } from '../bytecode/tree.ts'
import type { ExtractErrors } from '../fields/failures.ts'

/** The slow twin of the compiled evaluators: it walks the trees and keeps nothing. */
export class TreeEvaluator implements Evaluator {
  readonly backend: Backend = 'vm'
  readonly #roots: readonly Node[]
  readonly #errors: ExtractErrors
  #event: unknown = undefined

  constructor(roots: readonly Node[], errors: ExtractErrors) {
    this.#errors = errors
    this.#roots = roots
  }

  begin(event: unknown): void {
    this.#event = event
  }

  test(root: number): boolean {
    return evaluateTree(this.#roots[root]!, this.#event, this.#errors)
  }
}
