import jsonPointer from 'json-pointer'
import type { AuditEvent } from '../event.ts'
import type { Json } from './json.ts'

/**
 * All pointers of one source as a tree: `/objectRef/name` and `/objectRef/namespace` share the node of `/objectRef`, and
 * a node remembers what it found in the event that it looked at last. So each step of each path is made at most once per
 * event, and nothing is allocated.
 */
export class PointerTree {
  readonly root = new PointerNode(null, '')

  /** The node of a pointer. The leading `/` may be missing, as Falco allows; the empty pointer is the whole document. */
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
  private readonly children = new Map<string, PointerNode>()
  /** The event that `value` belongs to, by its `seq`. */
  private seq = 0
  private value: Json | undefined = undefined

  constructor(parent: PointerNode | null, key: string) {
    this.parent = parent
    this.step = new Step(key)
  }

  child(key: string): PointerNode {
    let node = this.children.get(key)
    if (!node) this.children.set(key, (node = new PointerNode(this, key)))
    return node
  }

  /** What the pointer leads to in this event; undefined = nothing. */
  get(event: AuditEvent): Json | undefined {
    if (this.seq === event.seq) return this.value
    const value = this.parent === null ? event.root : this.step.from(this.parent.get(event))
    this.seq = event.seq
    this.value = value
    return value
  }
}

/** One step of a path: into an object by key, into an array by decimal index. */
export class Step {
  readonly key: string
  /** The key as an index; -1: it is none. */
  private readonly index: number
  /**
   * Objects inherit something of this name (`constructor`, `__proto__`), so only an own property may be read. Other names
   * can be read directly: JSON.parse makes every key an own property and leaves prototypes alone.
   */
  private readonly inherited: boolean

  constructor(key: string) {
    this.key = key
    this.index = /^\d{1,9}$/.test(key) ? Number(key) : -1
    this.inherited = key in Object.prototype
  }

  from(value: Json | undefined): Json | undefined {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value)) return this.index >= 0 && this.index < value.length ? value[this.index] : undefined
    if (this.inherited && !Object.hasOwn(value, this.key)) return undefined
    return (value as Record<string, Json>)[this.key]
  }
}
