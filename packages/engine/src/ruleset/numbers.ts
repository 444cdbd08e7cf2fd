import type { Node } from '../bytecode/tree.ts'

/** Numbers trees: equal ones, whatever the order of their parts, have equal numbers. */
export class TreeNumbers {
  readonly #byKey = new Map<string, number>()
  readonly #known = new Map<Node, number>()

  of(node: Node): number {
    let number = this.#known.get(node)
    if (number === undefined) {
      const key = this.#keyOf(node)
      number = this.#byKey.get(key) ?? this.#byKey.size
      this.#byKey.set(key, number)
      this.#known.set(node, number)
    }
    return number
  }

  #keyOf(node: Node): string {
    switch (node.kind) {
      case 'const':
        return String(node.value)
      case 'clause':
        return `clause ${node.clause.key}`
      case 'not':
        return `not ${this.of(node.child)}`
      default: {
        const children = new Set(node.children.map(child => this.of(child)))
        return `${node.kind} ${[...children].sort((a, b) => a - b).join(' ')}`
      }
    }
  }
}
