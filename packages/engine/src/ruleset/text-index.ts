import type { Marks } from './marks.ts'

/** UTF-16 units that are distinguished: ASCII letters in lower case; all units beyond ASCII are one. */
const UNITS = 128
const OTHER = 127
const CLASS: Uint8Array = Uint8Array.from({ length: UNITS }, (_, unit) => (unit >= 65 && unit <= 90 ? unit + 32 : unit))

/** One state in this many, and at most MAX_ROWS, has its transitions in a row: the shallowest, where most of a value is read. */
const ROW_SHARE = 8
const MAX_ROWS = 256

/**
 * Searches for many texts at once (Aho and Corasick, 1975). One pass over a value finds the numbers of all texts in it, at a cost that does
 * not depend on how many there are. It may find too many: it ignores case, and takes all characters beyond ASCII for one.
 */
export class TextIndex {
  /** Transitions of the states without a row: open addressing by state * UNITS + unit. */
  readonly #keys: Int32Array
  readonly #to: Int32Array
  readonly #mask: number
  /** The states below have a row in `#rows`, which has the next state for every unit. The others are deeper. */
  readonly #withRow: number
  readonly #rows: Int32Array
  /** Where to continue when no transition of a state fits. */
  readonly #fail: Int32Array
  /** Per state, itself or the first one down its failures that ends a text, 0 for none. */
  readonly #hit: Int32Array
  /** The numbers of the texts that end in a state. */
  readonly #ends: (readonly number[] | undefined)[]

  /** @param texts none is empty; each with the number to find */
  constructor(texts: readonly (readonly [text: string, number: number])[]) {
    const units = texts.reduce((n, [text]) => n + text.length, 0)
    let size = 16
    while (size < units * 2) size *= 2
    this.#keys = new Int32Array(size).fill(-1)
    this.#to = new Int32Array(size)
    this.#mask = size - 1
    const nodes = this.#insert(texts)
    this.#keys.fill(-1)
    this.#withRow = Math.min(MAX_ROWS, Math.ceil(nodes.length / ROW_SHARE))
    this.#rows = new Int32Array(UNITS * this.#withRow)
    this.#fail = new Int32Array(nodes.length)
    this.#hit = new Int32Array(nodes.length)
    this.#ends = nodes.map(({ ends }) => (ends.length === 0 ? undefined : ends))
    // No loop of its own: V8's last compiler would take it up at once, and take longer than the loop does.
    nodes.forEach(node => void this.#link(node))
  }

  /** The trie of the texts, by growing depth. */
  #insert(texts: readonly (readonly [text: string, number: number])[]): readonly TrieNode[] {
    const nodes: TrieNode[] = [new TrieNode(0)]
    for (const [text, number] of texts) {
      let node = 0
      for (let i = 0; i < text.length; i++) {
        const unit = classOf(text.charCodeAt(i))
        let next = this.#go(node, unit)
        if (next === 0) {
          next = nodes.push(new TrieNode(unit)) - 1
          nodes[node]!.children.push(nodes[next]!)
          this.#put(node, unit, next)
        }
        node = next
      }
      nodes[node]!.ends.push(number)
    }
    const ordered = [nodes[0]!]
    for (let i = 0; i < ordered.length; i++) {
      ordered[i]!.state = i
      for (const child of ordered[i]!.children) ordered.push(child)
    }
    return ordered
  }

  /** Fills in a state's transitions, and where the next ones fail to: a state that is less deep, and so is complete by then. */
  #link({ state, children }: TrieNode): void {
    const fail = this.#fail[state]!
    this.#hit[state] = this.#ends[state] === undefined ? this.#hit[fail]! : state
    const row = state * UNITS
    if (state < this.#withRow && state > 0) this.#rows.copyWithin(row, fail * UNITS, (fail + 1) * UNITS)
    for (const child of children) {
      this.#fail[child.state] = state === 0 ? 0 : this.#next(fail, child.unit)
      if (state < this.#withRow) this.#rows[row + child.unit] = child.state
      else this.#put(state, child.unit, child.state)
    }
  }

  /** Marks the numbers of the texts found. */
  find(value: string | Uint8Array, marks: Marks): void {
    let state = 0
    if (typeof value === 'string')
      for (let i = 0; i < value.length; i++) {
        state = this.#next(state, classOf(value.charCodeAt(i)))
        if (this.#hit[state] !== 0) this.#mark(state, marks)
      }
    else
      for (let i = 0; i < value.length; i++) {
        state = this.#next(state, classOf(value[i]!))
        if (this.#hit[state] !== 0) this.#mark(state, marks)
      }
  }

  #mark(state: number, marks: Marks): void {
    for (let hit = this.#hit[state]!; hit !== 0; hit = this.#hit[this.#fail[hit]!]!)
      for (const number of this.#ends[hit]!) marks.add(number)
  }

  /** The state that a unit leads to, there or where the state fails to. */
  #next(state: number, unit: number): number {
    while (state >= this.#withRow) {
      const next = this.#go(state, unit)
      if (next !== 0) return next
      state = this.#fail[state]!
    }
    return this.#rows[state * UNITS + unit]!
  }

  /** The transition of a state without a row; 0: it has none. */
  #go(state: number, unit: number): number {
    const key = state * UNITS + unit
    for (let at = hashOf(key) & this.#mask; ; at = (at + 1) & this.#mask) {
      if (this.#keys[at] === key) return this.#to[at]!
      if (this.#keys[at] === -1) return 0
    }
  }

  #put(state: number, unit: number, next: number): void {
    const key = state * UNITS + unit
    let at = hashOf(key) & this.#mask
    while (this.#keys[at] !== -1) at = (at + 1) & this.#mask
    this.#keys[at] = key
    this.#to[at] = next
  }
}

class TrieNode {
  readonly unit: number
  readonly children: TrieNode[] = []
  readonly ends: number[] = []
  state = 0

  constructor(unit: number) {
    this.unit = unit
  }
}

function classOf(unit: number): number {
  return unit < UNITS ? CLASS[unit]! : OTHER
}

function hashOf(key: number): number {
  const hash = Math.imul(key, 0x9e3779b1)
  return hash ^ (hash >>> 15)
}
