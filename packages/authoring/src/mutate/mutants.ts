import type { Place, Scalar } from '@falc/engine'
import { type Clause, type CompiledRule, clauseKey, type Node, printCondition, TYPES } from '@falc/engine/analysis'
import { and, formulaOf, literalsOf, or } from '../algebra/formula.ts'
import type { Solver } from '../algebra/solve.ts'

/** What a mutant changes. */
export const MUTATIONS = {
  'drop check': 'one part of a conjunction or disjunction is gone',
  negate: 'a check says the opposite',
  'swap and, or': 'a conjunction is a disjunction, or the other way round',
  'drop item': 'a list has one item less',
  'drop exception': 'an exception is gone',
  'change constant': 'a text is longer, a number greater by one',
} as const

export type Mutation = keyof typeof MUTATIONS

/** A rule with one change. */
export interface Mutant {
  readonly rule: string
  readonly mutation: Mutation
  /** What was changed, as text. */
  readonly text: string
  readonly place: Place | undefined
  readonly node: Node
}

/** Most steps of the search for a difference between a mutant and its rule. */
const LIMIT = 200

/**
 * The mutants of a rule's condition with its macros, always the same in the same order. Those that mean what the rule means are left out.
 * Of a list with several items, its first and its last one are dropped, each by itself.
 */
export function mutantsOf({ rule, node }: CompiledRule, solver: Solver): Mutant[] {
  const mutants: Mutant[] = []
  const seen = new Set<string>()
  const exceptions = rule.exceptions.map(({ place }) => place)
  const put = (mutation: Mutation, mutant: Node, changed: Node, text = textOf(changed)): void => {
    const key = keyOf(mutant)
    if (seen.has(key) || isSame(node, mutant, solver)) return
    seen.add(key)
    const { written } = changed
    mutants.push({ rule: rule.name, mutation, text, place: written?.use ?? written?.place, node: mutant })
  }
  const visit = (part: Node, rebuild: (changed: Node) => Node): void => {
    switch (part.kind) {
      case 'const':
        return
      case 'not':
        visit(part.child, child => rebuild({ ...part, child }))
        return
      case 'clause':
        put('negate', rebuild({ kind: 'not', child: part }), part)
        for (const { mutation, clause, text } of changesOf(part.clause))
          put(mutation, rebuild({ ...part, clause }), part, text)
        return
      default:
        put('swap and, or', rebuild({ ...part, kind: part.kind === 'and' ? 'or' : 'and' }), part)
        for (const [i, child] of part.children.entries()) {
          const others = part.children.toSpliced(i, 1)
          const rest: Node = others.length === 1 ? others[0]! : { ...part, children: others }
          if (!isPlaceholder(child))
            put(isIn(child, exceptions) ? 'drop exception' : 'drop check', rebuild(rest), child)
          visit(child, changed => rebuild({ ...part, children: part.children.with(i, changed) }))
        }
    }
  }
  visit(node, changed => changed)
  return mutants
}

/** A part that is there for others to fill in: an empty list. */
function isPlaceholder(node: Node): boolean {
  return literalsOf(formulaOf(node)).every(({ atom }) => !atom.clause)
}

function* changesOf(clause: Clause): Generator<{ mutation: Mutation; clause: Clause; text: string }> {
  const { values, op, modifier, left, right } = clause
  const changed = (mutation: Mutation, others: readonly Scalar[], text: string) => ({
    mutation,
    text,
    clause: { ...clause, values: others, key: clauseKey(left, { op, modifier, values: others }, right) },
  })
  if (values.length > 1)
    for (const at of [0, values.length - 1])
      yield changed(
        'drop item',
        values.filter((_, i) => i !== at),
        `${String(values[at])} of ${clause.left.key} ${op} (…)`,
      )
  const [value] = values
  if (values.length !== 1 || op === 'regex') return
  const { kind } = TYPES[left.type]
  if (kind === 'text') yield changed('change constant', [`${String(value)}~`], clause.key)
  if (kind === 'number')
    yield changed('change constant', [typeof value === 'bigint' ? value + 1n : (value as number) + 1], clause.key)
}

function isSame(a: Node, b: Node, solver: Solver): boolean {
  const difference = or([and([formulaOf(a), formulaOf(b, false)]), and([formulaOf(a, false), formulaOf(b)])])
  return solver.isImpossible(difference, LIMIT)
}

function keyOf(node: Node): string {
  switch (node.kind) {
    case 'const':
      return String(node.value)
    case 'clause':
      return node.clause.key
    case 'not':
      return `!${keyOf(node.child)}`
    default:
      return `(${node.children.map(keyOf).join(` ${node.kind} `)})`
  }
}

function isIn(node: Node, places: readonly Place[]): boolean {
  if (node.kind !== 'not') return false
  const at = (inner: Node): boolean => {
    const place = inner.written?.place
    if (
      place &&
      places.some(
        ({ file, offset, length }) => place.file === file && place.offset >= offset && place.offset <= offset + length,
      )
    )
      return true
    if (inner.kind === 'not') return at(inner.child)
    return (inner.kind === 'and' || inner.kind === 'or') && inner.children.some(at)
  }
  return at(node)
}

function textOf(node: Node): string {
  const text = node.written?.macro ?? (node.written ? printCondition(node.written) : keyOf(node))
  return text.length > 70 ? `${text.slice(0, 67)}...` : text
}
