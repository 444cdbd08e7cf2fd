import type { Scalar } from '../fields/field.ts'
import { TYPES } from '../fields/types.ts'
import { scalarKey } from './canonical.ts'
import type { Clause } from './tree.ts'

/** A clause without one of its items: of several constants. @param at which */
export function lackingItem(clause: Clause, at: number): Clause {
  const { key, values } = clause
  return { ...clause, values: values.toSpliced(at, 1), key: `${key} without ${scalarKey(values[at]!)}` }
}

/** An item as text, and whose it is. */
export function itemText({ values, left, op }: Clause, at: number): string {
  return `${String(values[at])} of ${left.key} ${op} (…)`
}

/** A clause with its one constant a little larger, a longer text or the next number; undefined where that is not possible. */
export function enlarged(clause: Clause): Clause | undefined {
  const { values, op, left, key } = clause
  const [value] = values
  if (value === undefined || values.length > 1 || op === 'regex') return undefined
  const larger = largerThan(value, TYPES[left.type].kind)
  return larger === undefined ? undefined : { ...clause, values: [larger], key: `${key} enlarged` }
}

function largerThan(value: Scalar, kind: string): Scalar | undefined {
  if (kind === 'text') return `${String(value)}~`
  if (kind !== 'number') return undefined
  return typeof value === 'bigint' ? value + 1n : (value as number) + 1
}
