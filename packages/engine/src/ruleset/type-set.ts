/** A set of event types (small non-negative integers) as bits. */
export class TypeSet {
  /** Bit t is set when type t is in the set. */
  readonly words: Uint32Array

  constructor(words: Uint32Array) {
    this.words = words
  }

  /** The empty set, with room for types below `limit`. */
  static none(limit: number): TypeSet {
    return new TypeSet(new Uint32Array((limit + 31) >> 5))
  }

  static of(types: readonly number[], limit: number): TypeSet {
    const set = TypeSet.none(limit)
    for (const type of types) set.add(type)
    return set
  }

  add(type: number): void {
    this.words[type >> 5]! |= 1 << (type & 31)
  }

  has(type: number): boolean {
    return ((this.words[type >> 5]! >>> (type & 31)) & 1) === 1
  }

  and(other: TypeSet): TypeSet {
    return new TypeSet(this.words.map((word, i) => word & other.words[i]!))
  }

  or(other: TypeSet): TypeSet {
    return new TypeSet(this.words.map((word, i) => word | other.words[i]!))
  }

  /** The types in ascending order. */
  toArray(): number[] {
    const types: number[] = []
    for (let type = 0; type < this.words.length * 32; type++) if (this.has(type)) types.push(type)
    return types
  }
}
