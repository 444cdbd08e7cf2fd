import type { EventTypes, Scalar } from '@falc/engine'
import { type CompiledRule, evaluateTree, type Node } from '@falc/engine/analysis'
import { and, formulaOf } from '../algebra/formula.ts'
import { Solver, type Witness } from '../algebra/solve.ts'
import { FieldEvent } from '../test/field-event.ts'
import type { Mutant } from './mutants.ts'

/** An event that distinguishes a rule from mutants. */
export interface Suggestion {
  readonly fields: Readonly<Record<string, Scalar>>
  /** Whether the rule matches it. */
  readonly fires: boolean
  /** What it is about: the change that it notices. */
  readonly mutant: Mutant
  /** What the rule does, and because of which part: `stays silent unless proc.name in (bash, sh)`. */
  readonly title: string
}

/** Steps of the search for one event. */
const LIMIT = 2000

/**
 * Events on which a rule and its mutants differ, as few as a greedy choice gives. Not every mutant has one: fields that hold addresses,
 * and patterns, are not solved for.
 * @param rule of an engine whose source is `testable`
 */
export function suggest(
  { node }: CompiledRule,
  mutants: readonly Mutant[],
  types: EventTypes | undefined,
): Suggestion[] {
  const solver = new Solver(types)
  const suggestions: Suggestion[] = []
  let open = [...mutants]
  for (const mutant of mutants) {
    if (!open.includes(mutant)) continue
    const found = [true, false]
      .map(fires => differing(node, mutant.node, fires, solver, types))
      .find(one => one !== undefined)
    if (!found) continue
    suggestions.push({ ...found, mutant, title: titleOf(mutant, found) })
    const event = new FieldEvent(found.fields)
    open = open.filter(other => evaluateTree(other.node, event) === found.fires)
  }
  return suggestions
}

/** What a test shows that notices a mutant. */
export function titleOf(
  { mutation, text, about }: Mutant,
  { fields, fires }: Pick<Suggestion, 'fields' | 'fires'>,
): string {
  const does = fires ? 'fires' : 'stays silent'
  const [, item, field] = (mutation === 'drop item' && /^(.*) of (\S+) [\w ]+ \(…\)$/s.exec(text)) || []
  if (item !== undefined) return `${does} if ${field} is ${item}`
  const negated = about.kind === 'not' && text.startsWith('not ')
  const holds = evaluateTree(about, new FieldEvent(fields)) !== negated
  return `${does} ${holds ? 'if' : 'unless'} ${negated ? text.slice(4) : text}`
}

function differing(
  rule: Node,
  mutant: Node,
  fires: boolean,
  solver: Solver,
  types: EventTypes | undefined,
): { fields: Record<string, Scalar>; fires: boolean } | undefined {
  const witness = solver.solve(and([formulaOf(rule, fires), formulaOf(mutant, !fires)]), LIMIT)
  if (typeof witness !== 'object') return undefined
  const fields = fieldsOf(witness)
  if (types && fields['evt.type'] === undefined) return undefined
  const event = new FieldEvent(fields)
  return evaluateTree(rule, event) === fires && evaluateTree(mutant, event) === !fires ? { fields, fires } : undefined
}

/** A field, not a transformer of one. */
const FIELD = /^[\w.-]+(\[|$)/

function fieldsOf({ values }: Witness): Record<string, Scalar> {
  const fields: Record<string, Scalar> = {}
  for (const [operand, found] of values)
    if (typeof found === 'object' && FIELD.test(operand)) fields[operand] = found.value
  return fields
}
