import { type Kind, type Modifier, OPERATORS, type OperatorName } from '../condition/operators.ts'
import { printAddress } from '../fields/address.ts'
import type { Scalar } from '../fields/field.ts'
import { TYPES } from '../fields/types.ts'
import type { Expr } from './tree.ts'

/** A comparison with constants in the form that equal comparisons share. */
export interface Comparison {
  readonly op: OperatorName
  readonly modifier: Modifier | undefined
  readonly values: readonly Scalar[]
}

/**
 * Brings a comparison into the one form that stands for all that mean the same: `in (a)`, `intersects (a)` and `= allof
 * (a)` are `= a`, `= anyof` and `intersects` of a single value are `in`, sets are sorted and without duplicates.
 * A list field's `in` and `intersects` stay apart.
 */
export function canonical({ op, modifier, values }: Comparison, list: boolean): Comparison {
  if (op === 'exists') return { op, modifier, values }
  const { sameAs } = OPERATORS[op]
  if (sameAs) return canonical({ op: sameAs, modifier, values }, list)
  // How often a value occurs counts for oneof alone.
  const sorted = modifier === 'oneof' ? [...values].sort(byKey) : distinct(values)
  if (modifier !== undefined) {
    if (sorted.length === 1) return canonical({ op, modifier: undefined, values: sorted }, list)
    if (op === '=' && modifier === 'anyof') return { op: 'in', modifier: undefined, values: sorted }
    return { op, modifier, values: sorted }
  }
  if (list) return { op, modifier, values: sorted }
  if (op !== 'in' && op !== 'intersects') return { op, modifier, values: sorted }
  return { op: sorted.length === 1 ? '=' : 'in', modifier, values: sorted }
}

function distinct(values: readonly Scalar[]): Scalar[] {
  return [...new Map(values.map(v => [scalarKey(v), v])).values()].sort(byKey)
}

function byKey(a: Scalar, b: Scalar): number {
  const x = scalarKey(a)
  const y = scalarKey(b)
  return x < y ? -1 : x > y ? 1 : 0
}

/** A constant to compare values of a kind with, as a listing shows it. */
export function constantText(of: Kind, value: Scalar): string {
  return of === 'ip' && value instanceof Uint8Array ? printAddress(value) : scalarKey(value)
}

/** A scalar as text: different ones have different texts. */
export function scalarKey(value: Scalar): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `0x${Array.from(value, b => b.toString(16).padStart(2, '0')).join('')}`
  return String(value)
}

/** The canonical text of a clause: Falco's syntax, as far as it has one. */
export function clauseKey(left: Expr, comparison: Comparison, right: Expr | undefined): string {
  const { op, modifier, values } = canonical(comparison, left.list)
  const operator = modifier === undefined ? op : `${op} ${modifier}`
  if (op === 'exists') return `${left.key} exists`
  if (right) return `${left.key} ${operator} ${right.kind === 'field' ? `val(${right.key})` : right.key}`
  const single = modifier === undefined && op !== 'in' && op !== 'intersects' && op !== 'pmatch'
  const texts = values.map(v => constantText(TYPES[left.type].kind, v))
  return `${left.key} ${operator} ${single ? texts[0] : `(${texts.join(', ')})`}`
}
