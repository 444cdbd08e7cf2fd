import type { JsonDocument } from '../json/document.ts'
import type { Json } from '../json/json.ts'
import { type PointerNode, type PointerTree, Step, tokensOf } from '../json/pointer.ts'

/**
 * A path through lists: containers, then the image of each. To look up a key in an array, the walk visits every element, or the one that
 * the index names. An element without the rest of the path counts as undefined. An array at the path's end is a value like any other.
 */
export class ListPath {
  readonly #head: PointerNode
  /** The nodes above `head`. If one of them is an array, the walk starts there. */
  readonly #above: readonly PointerNode[]
  readonly #steps: readonly Step[]
  readonly #tail: number

  constructor(tree: PointerTree, pointer: string) {
    const star = pointer.indexOf('/*')
    const end = star >= 0 ? star : pointer.lastIndexOf('/')
    this.#head = tree.node(pointer.slice(0, end))
    const above: PointerNode[] = []
    for (let node = this.#head.parent; node; node = node.parent) above.unshift(node)
    this.#above = above
    const keys = tokensOf(pointer).filter(key => key !== '*')
    this.#steps = keys.map(key => new Step(key))
    this.#tail = above.length
  }

  /** What the path leads to, undefined for each element that lacks it; or undefined when the list itself is missing. */
  read(document: JsonDocument, index: number | undefined): (Json | undefined)[] | undefined {
    let from: Json | undefined = this.#head.get(document)
    let step = this.#tail
    if (from === undefined) {
      step = this.#above.findIndex(node => Array.isArray(node.get(document)))
      if (step < 0) return undefined
      from = this.#above[step]!.get(document)
    }
    const values: (Json | undefined)[] = []
    return this.#walk(from, step, index, values) ? values : undefined
  }

  #walk(value: Json | undefined, from: number, index: number | undefined, values: (Json | undefined)[]): boolean {
    for (let i = from; i < this.#steps.length; i++) {
      if (Array.isArray(value)) {
        if (index === undefined) {
          for (const element of value) if (!this.#walk(element, i, index, values)) values.push(undefined)
          return true
        }
        value = value[index]
      }
      value = this.#steps[i]!.from(value)
      if (value === undefined) return false
    }
    if (this.#steps.length === this.#tail && Array.isArray(value)) {
      // The path ends with `*`: the elements themselves.
      if (index === undefined) for (const element of value) values.push(element)
      else if (index < value.length) values.push(value[index])
      else return false
      return true
    }
    values.push(value)
    return true
  }
}
