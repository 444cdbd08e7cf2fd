import type { Scalar } from '@falc/engine'
import { type Clause, compareValues, TYPES } from '@falc/engine/analysis'

/** A clause that must hold, or must not. */
export interface Demand {
  readonly clause: Clause
  readonly truth: boolean
}

/** A value that satisfies all demands; `absent`; `some` if there probably is one; `none` if there certainly is not. */
export type Found = { readonly value: Scalar } | 'absent' | 'some' | 'none'

/**
 * Looks for a value of one operand that satisfies all demands on it. An answer of `none` is certain: it comes from trying all values
 * that there are, or from a proof. Where neither is possible the answer is `some`.
 */
export function findValue(demands: readonly Demand[]): Found {
  const positive = demands.filter(({ truth }) => truth)
  if (positive.length === 0) return 'absent'
  const { left } = positive[0]!.clause
  if (demands.some(({ clause, truth }) => clause.op === 'exists' && !truth)) return 'none'
  const known = demands.filter(({ clause }) => clause.right === undefined && clause.op !== 'exists')
  if (known.length === 0) return anyValue(TYPES[left.type].kind)
  if (left.list || left.anyOf) {
    // A single value may do; that none does proves nothing.
    const one = oneValue(known)
    return typeof one === 'object' || left.list ? (one === 'none' ? 'some' : one) : severalValues(known)
  }
  return oneValue(known)
}

/** It is enough that there is one. */
function anyValue(kind: string): Found {
  if (kind === 'text') return { value: 'x' }
  return kind === 'number' ? { value: 1 } : kind === 'bool' ? { value: true } : 'some'
}

/** Of several values, each positive demand needs one that passes; no value may pass a negative one. */
function severalValues(demands: readonly Demand[]): Found {
  const simple = demands.filter(({ clause }) => clause.op !== '!=' && clause.modifier === undefined)
  const negative = simple.filter(({ truth }) => !truth)
  for (const demand of simple) if (demand.truth && oneValue([demand, ...negative]) === 'none') return 'none'
  return 'some'
}

/** Whether what was found for some demands satisfies one more, so that nothing else need be looked for. */
export function stillFits(found: Found, { clause, truth }: Demand): boolean {
  if (found === 'absent') return !truth
  if (typeof found !== 'object' || clause.right !== undefined || clause.op === 'exists') return false
  return passes(clause, found.value) === truth
}

function oneValue(demands: readonly Demand[]): Found {
  const kind = demands.length === 0 ? undefined : TYPES[demands[0]!.clause.left.type].kind
  const listed = demands.find(isListed)
  if (listed && (kind === 'text' || kind === 'number' || kind === 'bool'))
    return firstThatPasses(listed.clause.values, demands) ?? 'none'
  if (kind === 'bool') return firstThatPasses([true, false], demands) ?? 'none'
  if (kind === 'number') return firstThatPasses(numbersAround(demands), demands) ?? 'none'
  if (kind !== 'text') return 'some'
  const made = firstThatPasses(textsAround(demands), demands)
  if (made) return made
  if (isContradiction(demands)) return 'none'
  const constants = demands.flatMap(({ clause, truth }) => (truth ? clause.values : []))
  return firstThatPasses(constants, demands) ?? 'some'
}

/** Whether the demand lists all values that satisfy it. */
function isListed({ clause: { op, modifier }, truth }: Demand): boolean {
  if (modifier !== undefined) return false
  return truth ? op === '=' || op === 'in' || op === 'intersects' : op === '!='
}

function firstThatPasses(values: Iterable<Scalar>, demands: readonly Demand[]): Found | undefined {
  for (const value of values)
    if (demands.every(({ clause, truth }) => passes(clause, value) === truth)) return { value }
  return undefined
}

const sets = new WeakMap<Clause, ReadonlySet<Scalar>>()

function passes(clause: Clause, value: Scalar): boolean {
  const { op, modifier, values } = clause
  if (typeof value !== 'string' || (op !== 'in' && op !== '=') || modifier !== undefined)
    return compareValues(clause, value, values)
  let set = sets.get(clause)
  if (!set) sets.set(clause, (set = new Set(values)))
  return set.has(value)
}

/** Between two neighbouring constants all numbers behave alike: one of each stretch is enough. */
function numbersAround(demands: readonly Demand[]): Scalar[] {
  const { type } = demands[0]!.clause.left
  const { bits = 64, signed } = TYPES[type]
  const lowest = signed ? -(2n ** BigInt(bits - 1)) : 0n
  const highest = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n
  const constants = demands.flatMap(({ clause }) => clause.values) as (number | bigint)[]
  if (type === 'double') return doublesAround(constants.map(Number))
  const around = constants.map(BigInt).flatMap(value => [value - 1n, value, value + 1n])
  return [...new Set([...around, lowest, highest])]
    .filter(value => value >= lowest && value <= highest)
    .map(value => (value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value))
}

/** Doubles have fractions and no bounds: the constants, one between two neighbours, one below and one above them all. */
function doublesAround(constants: readonly number[]): number[] {
  const sorted = constants.toSorted((a, b) => a - b)
  const [first = 0] = sorted
  const last = sorted.at(-1) ?? 0
  const between = sorted.slice(1).map((value, i) => sorted[i]! + (value - sorted[i]!) / 2)
  return [...sorted, ...between, first - Math.abs(first) - 1, last + Math.abs(last) + 1]
}

/** Most texts that are tried. */
const MAX_TEXTS = 3000

/** Texts made of the constants: beginnings, ends and parts that are asked for, with nothing or something between. */
function textsAround(demands: readonly Demand[]): Set<string> {
  const constants = (...ops: string[]) =>
    demands.filter(({ clause, truth }) => truth && ops.includes(clause.op)).flatMap(({ clause }) => clause.values)
  const starts = ['', ...(constants('startswith') as string[])]
  for (const path of constants('pmatch') as string[]) starts.push(path, `${path.replace(/\/$/, '')}/`)
  const ends = ['', ...(constants('endswith') as string[])]
  const parts = constants('contains', 'icontains') as string[]
  const texts = new Set<string>(['x', ''])
  for (const pattern of constants('glob', 'iglob') as string[])
    for (const filler of ['', 'x']) texts.add(pattern.replace(/\*+/g, filler).replace(/\?/g, 'x'))
  for (const start of starts)
    for (const end of ends) {
      for (let shared = Math.min(start.length, end.length); shared > 0; shared--)
        if (start.endsWith(end.slice(0, shared))) texts.add(start + end.slice(shared))
      for (const middle of ['', 'x', parts.join(''), `x${parts.join('x')}x`, ...parts]) texts.add(start + middle + end)
      if (texts.size > MAX_TEXTS) return texts
    }
  return texts
}

/** Proves that two of the demands exclude each other. */
function isContradiction(demands: readonly Demand[]): boolean {
  return demands.some(
    (a, i) =>
      a.truth &&
      demands.some(
        (b, j) => i !== j && (b.truth ? j > i && excludes(a.clause, b.clause) : implies(a.clause, b.clause)),
      ),
  )
}

function texts({ modifier, values }: Clause): readonly string[] | undefined {
  return modifier === undefined || modifier === 'anyof' ? (values as readonly string[]) : undefined
}

/** No text satisfies both. */
function excludes(a: Clause, b: Clause): boolean {
  if (a.op !== b.op || (a.op !== 'startswith' && a.op !== 'endswith')) return false
  const begins = (x: string, y: string) => (a.op === 'startswith' ? x.startsWith(y) : x.endsWith(y))
  const [left, right] = [texts(a), texts(b)]
  return !!left && !!right && left.every(x => right.every(y => !begins(x, y) && !begins(y, x)))
}

/** Every text that satisfies `a` satisfies `b`. */
function implies(a: Clause, b: Clause): boolean {
  const [left, right] = [texts(a), texts(b)]
  if (!left || !right) return false
  return left.every(x => right.some(y => impliesOne(a.op, x, b.op, y)))
}

function impliesOne(op: Clause['op'], x: string, other: Clause['op'], y: string): boolean {
  switch (op) {
    case 'startswith':
      return other === 'startswith' ? x.startsWith(y) : other === 'contains' && x.includes(y)
    case 'endswith':
      return other === 'endswith' ? x.endsWith(y) : other === 'contains' && x.includes(y)
    case 'contains':
      return other === 'contains' ? x.includes(y) : other === 'icontains' && fold(x).includes(fold(y))
    case 'icontains':
      return other === 'icontains' && fold(x).includes(fold(y))
    case 'pmatch':
      if (/[*?[]/.test(x + y)) return false
      return (
        (other === 'pmatch' && `${x}/`.startsWith(`${y.replace(/\/$/, '')}/`)) ||
        (other === 'startswith' && x.startsWith(y))
      )
    default:
      return false
  }
}

function fold(text: string): string {
  return text.replace(/[A-Z]/g, letter => letter.toLowerCase())
}
