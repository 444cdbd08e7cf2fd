import { type ExtractErrors, extract } from '../fields/extract.ts'
import type { ResolvedField } from '../fields/table.ts'
import type { KeyPlan, NamedValues } from './plan.ts'
import type { SetTable } from './set-table.ts'

/** So many values of a number are kept; then they start anew. */
const MAX_NUMBERS = 1024

/**
 * A field of the event that many rules compare with constants: its value is looked up once and names the rules that it
 * leaves possible.
 */
export class BucketKey {
  /** By rule of the bucket: the root of its part, -1 for none. */
  readonly parts: Int32Array
  readonly errors: ExtractErrors = new Map()
  readonly #field: ResolvedField
  readonly #named: NamedValues | null
  /** By value, the place of its set in `#sets`; of a number, the number of its set. */
  readonly #index: Map<unknown, number>
  /** The number of the set for each named value, then for others, then for absent; -1 not known yet. */
  readonly #sets: Int32Array
  /** The state of the table of sets for which what is kept is right. */
  #clears = 0
  #value: unknown = undefined

  constructor(plan: KeyPlan, field: ResolvedField) {
    this.parts = Int32Array.from(plan.parts)
    this.#field = field
    this.#named = plan.named
    const values = plan.named?.values ?? []
    this.#index = new Map(values.map(([value], i) => [value, i]))
    this.#sets = new Int32Array(values.length + 2).fill(-1)
  }

  /** The number of the set of rules that the event's value allows; -1: it is to be found by testing the parts, see `keep`. May start the table anew. */
  setOf(event: unknown, table: SetTable): number {
    if (this.#clears !== table.clears) this.#forget(table.clears)
    const value = extract(this.#field, event, this.errors)
    if (this.#named === null) {
      this.#value = value
      return this.#index.get(value) ?? -1
    }
    const { length } = this.#named.values
    const at = value === undefined ? length + 1 : (this.#index.get(value) ?? length)
    const known = this.#sets[at]!
    return known >= 0 ? known : this.#make(at, this.#named, table)
  }

  /** The set for the value that `setOf` saw last. */
  keep(set: number): void {
    if (this.#index.size === MAX_NUMBERS) this.#index.clear()
    this.#index.set(this.#value, set)
  }

  #forget(clears: number): void {
    this.#clears = clears
    if (this.#named === null) this.#index.clear()
    this.#sets.fill(-1)
  }

  #make(at: number, { values, other, absent }: NamedValues, table: SetTable): number {
    const { scratch } = table
    scratch.fill(0)
    for (const rule of at === values.length + 1 ? absent : other) scratch[rule >> 5]! |= 1 << (rule & 31)
    if (at < values.length) for (const rule of values[at]![1]) scratch[rule >> 5]! ^= 1 << (rule & 31)
    const clears = table.clears
    const id = table.intern()
    if (clears === table.clears) this.#sets[at] = id
    return id
  }
}
