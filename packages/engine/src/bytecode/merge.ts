import { TYPES } from '../fields/types.ts'
import { clauseKey } from './canonical.ts'
import type { Clause } from './tree.ts'

/** The operator of the clause that replaces alternatives on one operand: `f = a or f in (b, c)` is `f in (a, b, c)`. */
const MERGED = {
  '=': { op: 'in', modifier: undefined },
  in: { op: 'in', modifier: undefined },
  pmatch: { op: 'pmatch', modifier: undefined },
  startswith: { op: 'startswith', modifier: 'anyof' },
} as const

/** Merging pays off from this number of clauses. */
const ENOUGH = 3

/**
 * Merges alternatives on the same text: rules name dozens of prefixes of fd.name, and one walk through a tree of prefixes tests
 * them all. The result is in the order of the first clause of each group.
 */
export function mergeAlternatives(clauses: readonly Clause[]): Clause[] {
  const groups = new Map<string, Clause[]>()
  for (const clause of clauses) {
    const group = groupOf(clause) ?? `alone ${clause.key}`
    const members = groups.get(group)
    if (members) members.push(clause)
    else groups.set(group, [clause])
  }
  return [...groups.values()].flatMap(members => (members.length < ENOUGH ? members : merged(members)))
}

/** The group of clauses that can be merged with this one; undefined: it cannot be merged. */
function groupOf(clause: Clause): string | undefined {
  const { left, op, modifier, right } = clause
  if (right !== undefined || left.list || left.anyOf || TYPES[left.type].kind !== 'text') return undefined
  if (!isMergeable(op) || (modifier !== undefined && modifier !== 'anyof')) return undefined
  return `${MERGED[op].op} ${left.key}`
}

function isMergeable(op: string): op is keyof typeof MERGED {
  return op in MERGED
}

function merged(members: readonly Clause[]): Clause {
  const first = members[0]!
  const { op, modifier } = MERGED[first.op as keyof typeof MERGED]
  const values = members.flatMap(clause => clause.values)
  return { ...first, key: clauseKey(first.left, { op, modifier, values }, undefined), op, modifier, values }
}
