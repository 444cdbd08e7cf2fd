import type { Place } from '@falc/engine'
import {
  type Clause,
  type CompiledRule,
  enlarged,
  itemText,
  lackingItem,
  type Node,
  printCondition,
} from '@falc/engine/analysis'
import { and, formulaOf, literalsOf, or } from '../algebra/formula.ts'
import type { Solver } from '../algebra/solve.ts'
import { isWithin } from '../coverage/coverage.ts'

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
  /** The part of the rule's condition that `changed` replaces. */
  readonly original: Node
  readonly changed: Node
  /** What `text` is about: `original`, or the part of it that is gone. */
  readonly about: Node
}

/** Most steps of the search for a difference between a mutant and its rule. */
const LIMIT = 200

/**
 * The mutants of a rule's condition with its macros, always the same in the same order. Those that mean what the rule means are left out.
 * Of a list with several items, the first and the last are dropped, one at a time.
 */
export function mutantsOf({ rule, node }: CompiledRule, solver: Solver): Mutant[] {
  const mutants: Mutant[] = []
  const seen = new Set<string>()
  const exceptions = rule.exceptions.map(({ place }) => place)
  const add = (
    mutation: Mutation,
    original: Node,
    changed: Node,
    rebuild: (changed: Node) => Node,
    { about = original, text = textOf(about) }: { about?: Node; text?: string } = {},
  ): void => {
    const mutant = rebuild(changed)
    const key = keyOf(mutant)
    if (seen.has(key) || isSame(node, mutant, solver)) return
    seen.add(key)
    const place = about.written?.use ?? about.written?.place
    mutants.push({ rule: rule.name, mutation, text, place, node: mutant, original, changed, about })
  }
  const visit = (part: Node, rebuild: (changed: Node) => Node): void => {
    switch (part.kind) {
      case 'const':
        return
      case 'not':
        visit(part.child, child => rebuild({ ...part, child }))
        return
      case 'clause':
        add('negate', part, { kind: 'not', child: part }, rebuild)
        for (const { mutation, clause, text } of changesOf(part.clause))
          add(mutation, part, { ...part, clause }, rebuild, { text })
        return
      default:
        add('swap and, or', part, { ...part, kind: part.kind === 'and' ? 'or' : 'and' }, rebuild)
        for (const [i, child] of part.children.entries()) {
          const others = part.children.toSpliced(i, 1)
          const rest: Node = others.length === 1 ? others[0]! : { ...part, children: others }
          if (!isPlaceholder(child))
            add(isIn(child, exceptions) ? 'drop exception' : 'drop check', part, rest, rebuild, { about: child })
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
  const last = clause.values.length - 1
  for (const at of last > 0 ? [0, last] : [])
    yield { mutation: 'drop item', clause: lackingItem(clause, at), text: itemText(clause, at) }
  const larger = enlarged(clause)
  if (larger) yield { mutation: 'change constant', clause: larger, text: clause.key }
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
    if (place && places.some(whole => isWithin(place, whole))) return true
    if (inner.kind === 'not') return at(inner.child)
    return (inner.kind === 'and' || inner.kind === 'or') && inner.children.some(at)
  }
  return at(node)
}

function textOf(node: Node): string {
  const text = node.written?.macro ?? (node.written ? printCondition(node.written) : keyOf(node))
  return text.length > 70 ? `${text.slice(0, 67)}...` : text
}
