import type { Clause, Node } from '../bytecode/tree.ts'
import type { EventClass, EventTypes } from '../fields/field.ts'
import { EventTypeAnalysis } from './event-types.ts'
import { clausesOf, fold } from './fold.ts'

/** By class of events: the types whose events of that class no condition can match. */
export type Unmatched = Readonly<Record<string, readonly number[]>>

/** Which events a source need not deliver, nor even read: none of the conditions can hold for them. */
export function unmatchedOf(conditions: readonly Node[], types: EventTypes): Unmatched {
  const analysis = new EventTypeAnalysis(types)
  const clauses = new Map([...conditions].flatMap(condition => [...clausesOf(condition)]))
  const byType = (clause: Clause, type: number): boolean | undefined => {
    const written = clauses.get(clause.key)?.written
    if (written === undefined) return undefined
    const possible = analysis.possible(written)
    return possible.true.has(type) ? (possible.false.has(type) ? undefined : true) : false
  }
  const canMatch = (condition: Node, type: number, of: EventClass) => {
    const folded = fold(condition, clause => byType(clause, type) ?? decidedBy(clause, of))
    return folded.kind !== 'const' || folded.value
  }
  return Object.fromEntries(
    Object.entries(types.classes ?? {}).map(([name, of]) => [
      name,
      of.types.filter(type => !conditions.some(condition => canMatch(condition, type, of))),
    ]),
  )
}

function decidedBy({ left, op, modifier, values, right }: Clause, of: EventClass): boolean | undefined {
  if (left.kind !== 'field' || modifier !== undefined || right !== undefined) return undefined
  return of.decides(left.field.name, left.field.argText, op, values)
}
