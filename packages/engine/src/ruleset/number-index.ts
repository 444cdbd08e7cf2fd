import type { Marks } from './marks.ts'
import type { Range } from './needs.ts'

/** Ranges of numbers, found by a number in them. A range with two bounds is found by its lower one. */
export class NumberIndex {
  readonly #points = new Map<number, number[]>()
  readonly #from: Sorted
  readonly #to: Sorted

  constructor(ranges: readonly (readonly [range: Range, number: number])[]) {
    const from: [number, number][] = []
    const to: [number, number][] = []
    for (const [[low, high], number] of ranges) {
      if (low !== null && low === high) {
        const known = this.#points.get(low)
        if (known) known.push(number)
        else this.#points.set(low, [number])
      } else if (low !== null) from.push([low, number])
      else to.push([high!, number])
    }
    this.#from = sorted(from)
    this.#to = sorted(to)
  }

  /** Marks the numbers whose range has the value. */
  find(value: number | bigint, marks: Marks): void {
    const near = Number(value)
    for (const number of this.#points.get(near) ?? NONE) marks.add(number)
    const { bounds, numbers } = this.#from
    for (let i = 0; i < bounds.length && bounds[i]! <= near; i++) marks.add(numbers[i]!)
    for (let i = this.#to.bounds.length - 1; i >= 0 && this.#to.bounds[i]! >= near; i--) marks.add(this.#to.numbers[i]!)
  }
}

interface Sorted {
  readonly bounds: Float64Array
  readonly numbers: Int32Array
}

function sorted(pairs: [number, number][]): Sorted {
  pairs.sort(([a], [b]) => a - b)
  return {
    bounds: Float64Array.from(pairs, ([bound]) => bound),
    numbers: Int32Array.from(pairs, ([, number]) => number),
  }
}

const NONE: readonly number[] = []
