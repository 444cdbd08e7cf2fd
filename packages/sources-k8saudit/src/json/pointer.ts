import jsonPointer from 'json-pointer'
import type { JsonDocument } from './document.ts'
import type { Json } from './json.ts'

/**
 * All pointers of one source as a tree: `/objectRef/name` and `/objectRef/namespace` share the node of `/objectRef`. A
 * node remembers what it found in the last document, so each step of each path is taken at most once per event, and
 * reading allocates nothing.
 */
export class PointerTree {
  readonly root = new PointerNode(null, '')

  /** The node of a pointer. The leading `/` is optional, as in Falco; the empty pointer is the whole document. */
  node(pointer: string): PointerNode {
    let node = this.root
    for (const token of tokensOf(pointer)) node = node.child(token)
    return node
  }
}

/** The keys of a pointer, unescaped. */
export function tokensOf(pointer: string): string[] {
  return jsonPointer.parse(pointer === '' || pointer.startsWith('/') ? pointer : `/${pointer}`)
}

export class PointerNode {
  readonly parent: PointerNode | null
  readonly step: Step
  readonly #children = new Map<string, PointerNode>()
  /** The document that `value` was found in, by its `seq`. */
  #seq = 0
  #value: Json | undefined = undefined

  constructor(parent: PointerNode | null, key: string) {
    this.parent = parent
    this.step = new Step(key)
  }

  child(key: string): PointerNode {
    let node = this.#children.get(key)
    if (!node) this.#children.set(key, (node = new PointerNode(this, key)))
    return node
  }

  /** What the pointer leads to in this document; undefined = nothing. */
  get(document: JsonDocument): Json | undefined {
    if (this.#seq === document.seq) return this.#value
    const value = this.parent === null ? document.root : this.step.from(this.parent.get(document))
    this.#seq = document.seq
    this.#value = value
    return value
  }
}

/** One step of a path: into an object by key, into an array by decimal index. */
export class Step {
  readonly key: string
  /** The key as an index; -1 when it is not one. */
  readonly #index: number
  /**
   * Objects inherit something of this name (`constructor`, `__proto__`), so only an own property may be read. Other names
   * can be read directly: JSON.parse makes every key an own property and leaves prototypes alone.
   */
  readonly #inherited: boolean

  constructor(key: string) {
    this.key = key
    this.#index = /^\d{1,9}$/.test(key) ? Number(key) : -1
    this.#inherited = key in Object.prototype
  }

  from(value: Json | undefined): Json | undefined {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value)) return this.#index >= 0 && this.#index < value.length ? value[this.#index] : undefined
    if (this.#inherited && !Object.hasOwn(value, this.key)) return undefined
    return (value as Record<string, Json>)[this.key]
  }
}
