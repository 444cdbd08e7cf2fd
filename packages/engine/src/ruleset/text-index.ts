import type { Marks } from './marks.ts'

/** UTF-16 units that are told apart: ASCII letters in lower case; all units beyond ASCII are one. */
const UNITS = 128
const OTHER = 127
const CLASS: Uint8Array = Uint8Array.from({ length: UNITS }, (_, unit) => (unit >= 65 && unit <= 90 ? unit + 32 : unit))

/**
 * Many texts to look for at once (Aho and Corasick, 1975): one pass over a value finds the numbers of all texts that occur in it,
 * at a cost that does not depend on how many there are. It may find too many: case and characters beyond ASCII are not told apart.
 */
export class TextIndex {
  /** Open addressing: state * UNITS + unit, and the next state. */
  readonly #keys: Int32Array
  readonly #next: Int32Array
  readonly #mask: number
  /** Transitions of the root, where most units lead back to. */
  readonly #first = new Int32Array(UNITS)
  /** Where to go on when no transition fits; the next state down this way that ends a text, 0 for none. */
  readonly #fail: Int32Array
  readonly #hits: Int32Array
  /** The numbers of the texts that end in a state. */
  readonly #ends: (number[] | undefined)[] = []

  /** @param texts none is empty; each with the number to find */
  constructor(texts: readonly (readonly [text: string, number: number])[]) {
    const units = texts.reduce((n, [text]) => n + text.length, 0)
    let size = 16
    while (size < units * 2) size *= 2
    this.#keys = new Int32Array(size).fill(-1)
    this.#next = new Int32Array(size)
    this.#mask = size - 1
    const parents = [0]
    const unitOf = [0]
    for (const [text, number] of texts) {
      let state = 0
      for (let i = 0; i < text.length; i++) {
        const unit = classOf(text.charCodeAt(i))
        let next = this.#go(state, unit)
        if (next === 0) {
          next = parents.push(state) - 1
          unitOf.push(unit)
          this.#put(state, unit, next)
        }
        state = next
      }
      this.#ends[state] ??= []
      this.#ends[state]!.push(number)
    }
    this.#fail = new Int32Array(parents.length)
    this.#hits = new Int32Array(parents.length)
    this.#link(parents, unitOf)
  }

  /** Marks the numbers of the texts found. */
  find(text: string, marks: Marks): void {
    let state = 0
    for (let i = 0; i < text.length; i++) {
      const unit = classOf(text.charCodeAt(i))
      let next = this.#go(state, unit)
      while (next === 0 && state !== 0) {
        state = this.#fail[state]!
        next = this.#go(state, unit)
      }
      state = next
      for (let end = this.#ends[state] === undefined ? this.#hits[state]! : state; end !== 0; end = this.#hits[end]!) {
        const numbers = this.#ends[end]!
        for (let k = 0; k < numbers.length; k++) marks.add(numbers[k]!)
      }
    }
  }

  #go(state: number, unit: number): number {
    if (state === 0) return this.#first[unit]!
    const key = state * UNITS + unit
    for (let at = hashOf(key) & this.#mask; ; at = (at + 1) & this.#mask) {
      if (this.#keys[at] === key) return this.#next[at]!
      if (this.#keys[at] === -1) return 0
    }
  }

  #put(state: number, unit: number, next: number): void {
    if (state === 0) {
      this.#first[unit] = next
      return
    }
    const key = state * UNITS + unit
    let at = hashOf(key) & this.#mask
    while (this.#keys[at] !== -1) at = (at + 1) & this.#mask
    this.#keys[at] = key
    this.#next[at] = next
  }

  /** Fills in where a state fails to, by growing depth: states are numbered so that parents come first, but not by depth. */
  #link(parents: readonly number[], unitOf: readonly number[]): void {
    const children: number[][] = parents.map(() => [])
    for (let state = 1; state < parents.length; state++) children[parents[state]!]!.push(state)
    for (let level = children[0]!; level.length > 0; level = level.flatMap(state => children[state]!)) {
      for (const state of level) {
        const parent = parents[state]!
        if (parent !== 0) {
          let fail = this.#fail[parent]!
          const unit = unitOf[state]!
          while (fail !== 0 && this.#go(fail, unit) === 0) fail = this.#fail[fail]!
          this.#fail[state] = this.#go(fail, unit)
        }
        const fail = this.#fail[state]!
        this.#hits[state] = this.#ends[fail] === undefined ? this.#hits[fail]! : fail
      }
    }
  }
}

function classOf(unit: number): number {
  return unit < UNITS ? CLASS[unit]! : OTHER
}

function hashOf(key: number): number {
  const hash = Math.imul(key, 0x9e3779b1)
  return hash ^ (hash >>> 15)
}
