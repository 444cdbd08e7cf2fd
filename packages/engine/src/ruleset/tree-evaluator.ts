import { evaluateTree } from '../bytecode/evaluate-tree.ts'
import type { Backend, Evaluator } from '../bytecode/evaluator.ts'
import type { Node } from '../bytecode/tree.ts'

/** The slow twin of the compiled evaluators: walks the trees, keeps nothing. */
export class TreeEvaluator implements Evaluator {
  readonly backend: Backend = 'vm'
  readonly extractErrors = new Map<string, number>()
  readonly #roots: readonly Node[]
  #event: unknown = undefined

  constructor(roots: readonly Node[]) {
    this.#roots = roots
  }

  begin(event: unknown): void {
    this.#event = event
  }

  test(root: number): boolean {
    return evaluateTree(this.#roots[root]!, this.#event, this.extractErrors)
  }

  next(from: number): number {
    for (let root = from; root < this.#roots.length; root++) if (this.test(root)) return root
    return -1
  }
}
