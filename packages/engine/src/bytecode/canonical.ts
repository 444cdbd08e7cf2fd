import { type Kind, type Modifier, OPERATORS, type OperatorName } from '../condition/operators.ts'
import { printAddress } from '../fields/address.ts'
import type { Scalar } from '../fields/field.ts'
import { TYPES } from '../fields/types.ts'
import type { Expr } from './tree.ts'

/** A comparison with constants. */
export interface Comparison {
  readonly op: OperatorName
  readonly modifier: Modifier | undefined
  readonly values: readonly Scalar[]
}

/**
 * The canonical form of a comparison: `in (a)`, `intersects (a)` and `= allof (a)` become `= a`; `= anyof` becomes `in`, and so
 * does `intersects` on a single value; sets are sorted and have no duplicates. On a list field, `in` and `intersects` differ and
 * are kept.
 */
export function canonical({ op, modifier, values }: Comparison, list: boolean): Comparison {
  if (op === 'exists') return { op, modifier, values }
  const { sameAs } = OPERATORS[op]
  if (sameAs) return canonical({ op: sameAs, modifier, values }, list)
  // Only oneof depends on how often a value occurs.
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

/** A constant that values of a kind are compared with, as a listing shows it. */
export function constantText(of: Kind, value: Scalar): string {
  return of === 'ip' && value instanceof Uint8Array ? printAddress(value) : scalarKey(value)
}

/** A scalar as text: different ones have different texts. */
export function scalarKey(value: Scalar): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `0x${Array.from(value, b => b.toString(16).padStart(2, '0')).join('')}`
  return String(value)
}

/** The canonical text of a clause, in Falco's syntax where there is one. */
export function clauseKey(left: Expr, comparison: Comparison, right: Expr | undefined): string {
  const { op, modifier, values } = canonical(comparison, left.list)
  const operator = modifier === undefined ? op : `${op} ${modifier}`
  if (op === 'exists') return `${left.key} exists`
  if (right) return `${left.key} ${operator} ${right.kind === 'field' ? `val(${right.key})` : right.key}`
  const single = modifier === undefined && op !== 'in' && op !== 'intersects' && op !== 'pmatch'
  const texts = values.map(v => constantText(TYPES[left.type].kind, v))
  return `${left.key} ${operator} ${single ? texts[0] : `(${texts.join(', ')})`}`
}
