import { extract } from '../fields/extract.ts'
import type { ExtractErrors } from '../fields/failures.ts'
import type { Value } from '../fields/field.ts'
import type { ResolvedField } from '../fields/table.ts'
import type { KeyPlan } from './plan.ts'
import type { SetTable } from './set-table.ts'
import { TextFilter } from './text-filter.ts'

/** A field of the event that many conditions compare with constants. Its value is looked up once and yields those that remain possible. */
export class BucketKey {
  /** By condition: the root of its part, -1 for none. */
  readonly parts: Int32Array
  readonly #errors: ExtractErrors
  readonly #field: ResolvedField
  readonly #plan: KeyPlan
  /** Positions in `#plan.values`, by value. */
  readonly #index: ReadonlyMap<unknown, number>
  /** Rejects most values that are not in a large `#index`, where a look-up costs several cache misses. */
  readonly #filter: TextFilter | undefined
  /** The set for each value, then for other values, then for absent; -1: not known yet. */
  readonly #sets: Int32Array
  /** The state of the table of sets for which `#sets` is valid. */
  #clears = 0

  constructor(plan: KeyPlan, field: ResolvedField, errors: ExtractErrors) {
    this.#errors = errors
    this.parts = Int32Array.from(plan.parts)
    this.#field = field
    this.#plan = plan
    this.#index = new Map(plan.values.map(([value], i) => [value, i]))
    this.#filter = TextFilter.of(plan.values.map(([value]) => value))
    this.#sets = new Int32Array(plan.values.length + 2).fill(-1)
  }

  /** The set of conditions that the event's value allows, by its number. May clear the table. */
  setOf(event: unknown, table: SetTable): number {
    if (this.#clears !== table.clears) {
      this.#clears = table.clears
      this.#sets.fill(-1)
    }
    const { length } = this.#plan.values
    const value = extract(this.#field, event, this.#errors)
    const at = value === undefined ? length + 1 : this.#mayBe(value) ? (this.#index.get(value) ?? length) : length
    const known = this.#sets[at]!
    return known >= 0 ? known : this.#make(at, table)
  }

  #mayBe(value: Value): boolean {
    return this.#filter === undefined || typeof value !== 'string' || this.#filter.has(value)
  }

  #make(at: number, table: SetTable): number {
    const { values, other, absent } = this.#plan
    const { scratch } = table
    scratch.fill(0)
    for (const one of at === values.length + 1 ? absent : other) scratch[one >> 5]! |= 1 << (one & 31)
    if (at < values.length) for (const one of values[at]![1]) scratch[one >> 5]! ^= 1 << (one & 31)
    const clears = table.clears
    const id = table.intern()
    if (clears === table.clears) this.#sets[at] = id
    return id
  }
}
