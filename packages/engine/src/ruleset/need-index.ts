import { extract } from '../fields/extract.ts'
import type { ExtractErrors } from '../fields/failures.ts'
import type { Scalar, Value } from '../fields/field.ts'
import type { FieldTable, ResolvedField } from '../fields/table.ts'
import { Marks } from './marks.ts'
import { keyOf, type Need, type Range } from './needs.ts'
import { NetworkIndex } from './network-index.ts'
import { NumberIndex } from './number-index.ts'
import { TextIndex } from './text-index.ts'

interface ValueIndex {
  find(value: any, marks: Marks): void
}

/** The conditions of a group that an event's values leave possible, found without trying each. */
export class NeedIndex {
  /** The conditions without a need. */
  readonly always: Int32Array
  readonly #marks: Marks
  readonly #fields: readonly (readonly [field: ResolvedField, index: ValueIndex])[]
  readonly #errors: ExtractErrors

  /** @param needs of each condition; undefined or null: it is always possible */
  static of(
    needs: readonly (Need | null | undefined)[],
    table: FieldTable,
    errors: ExtractErrors,
  ): NeedIndex | undefined {
    return needs.some(need => need) ? new NeedIndex(needs, table, errors) : undefined
  }

  private constructor(needs: readonly (Need | null | undefined)[], table: FieldTable, errors: ExtractErrors) {
    this.#errors = errors
    this.#marks = new Marks(needs.length)
    this.always = Int32Array.from([...needs.keys()].filter(item => !needs[item]))
    const groups = new Map<string, { first: Need; entries: (readonly [string | Range, number])[] }>()
    needs.forEach((need, item) => {
      if (!need) return
      const key = keyOf(need)
      if (!groups.has(key)) groups.set(key, { first: need, entries: [] })
      for (const value of need.values) groups.get(key)!.entries.push([value, item])
    })
    this.#fields = [...groups.values()].map(({ first, entries }) => {
      const [name, arg] = first.field
      return [table.resolve(name, arg ?? undefined), indexOf(first.kind, entries)] as const
    })
  }

  /** After `find`: the possible conditions by their numbers, ascending. */
  get found(): Int32Array {
    return this.#marks.listed
  }

  /** Looks up the possible conditions, and adds those of `always`; returns how many. */
  find(event: unknown, always = this.always): number {
    const marks = this.#marks
    for (let i = 0; i < always.length; i++) marks.add(always[i]!)
    for (const [field, index] of this.#fields) {
      const value: Value | undefined = extract(field, event, this.#errors)
      if (value === undefined) continue
      if (Array.isArray(value)) for (const element of value as readonly Scalar[]) index.find(element, marks)
      else index.find(value, marks)
    }
    return marks.list()
  }
}

function indexOf(kind: Need['kind'], entries: readonly (readonly [any, number])[]): ValueIndex {
  switch (kind) {
    case 'text':
      return new TextIndex(entries)
    case 'number':
      return new NumberIndex(entries)
    case 'network':
      return new NetworkIndex(entries)
  }
}
