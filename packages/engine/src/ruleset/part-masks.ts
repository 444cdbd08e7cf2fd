import type { NeedIndex } from './need-index.ts'

/** Which conditions have which part of a scope. */
export class PartMasks {
  /** Distinct roots. */
  readonly parts: readonly number[]
  /** Per part: the conditions that have it. */
  readonly conditions: readonly Int32Array[]
  /** The conditions without a part in the scope, as bits. */
  readonly always: Uint32Array
  /** Finds the parts that are possible; undefined: all are tested. */
  readonly index: NeedIndex | undefined

  constructor(own: Int32Array, width: number, indexOf: (roots: readonly number[]) => NeedIndex | undefined) {
    const byPart = new Map<number, number[]>()
    this.always = new Uint32Array(width)
    own.forEach((part, condition) => {
      if (part < 0) this.always[condition >> 5]! |= 1 << (condition & 31)
      else if (byPart.has(part)) byPart.get(part)!.push(condition)
      else byPart.set(part, [condition])
    })
    this.parts = [...byPart.keys()]
    this.conditions = [...byPart.values()].map(list => Int32Array.from(list))
    this.index = indexOf(this.parts)
  }
}
