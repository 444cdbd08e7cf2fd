import type { Clause, Node } from '../bytecode/tree.ts'
import type { EventClass, EventTypes } from '../fields/field.ts'
import type { ResolvedField } from '../fields/table.ts'
import { EventTypeAnalysis } from './event-types.ts'
import { clausesOf, fold } from './fold.ts'
import { textsOf } from './needs.ts'

/** Events of a class that no rule can match. */
export interface UnmatchedClass {
  /** The types of these events. */
  readonly types: readonly number[]
  /** Some rule may match an event in whose text (`EventClass.searched`) one of these occurs, whatever the case of ASCII letters. */
  readonly texts: readonly string[]
  /**
   * By their positions, rules that may match whatever the text: the source may ask whether an event's objects exclude them. Of a class
   * whose text is not searched, the rules that may match events of its other types.
   */
  readonly rules: readonly number[]
}

/** By class of events: those that no rule can match. */
export type Unmatched = Readonly<Record<string, UnmatchedClass>>

/**
 * Which events a source need not deliver, nor even read: none of the conditions can hold for them.
 * @param printedBy the fields that the output of a rule reads, by its position
 */
export function unmatchedOf(
  conditions: readonly Node[],
  types: EventTypes,
  printedBy: (rule: number) => Iterable<ResolvedField>,
): Unmatched {
  const analysis = new EventTypeAnalysis(types)
  const clauses = new Map([...conditions].flatMap(condition => [...clausesOf(condition)]))
  const byType = (clause: Clause, type: number): boolean | undefined => {
    const written = clauses.get(clause.key)?.written
    if (written === undefined) return undefined
    const possible = analysis.possible(written)
    return possible.true.has(type) ? (possible.false.has(type) ? undefined : true) : false
  }
  const foldedFor = (condition: Node, type: number, of: EventClass) =>
    fold(condition, clause => byType(clause, type) ?? decidedBy(clause, of))
  const counts = (of: EventClass, rule: number) => {
    if (of.reads === undefined) return true
    const reads = (fields: Iterable<ResolvedField>, printed: boolean) =>
      [...fields].some(({ name, argText }) => of.reads!(name, argText, printed))
    const clausesIn = [...clausesOf(conditions[rule]!).values()]
    return (
      reads(
        clausesIn.flatMap(({ clause }) => clause.fields),
        false,
      ) || reads(printedBy(rule), true)
    )
  }
  const unmatchedBy = (of: EventClass): UnmatchedClass => {
    const { searched } = of
    if (searched === undefined) {
      const matched = conditions.map((condition, rule) =>
        counts(of, rule)
          ? of.types.filter(type => {
              const folded = foldedFor(condition, type, of)
              return folded.kind !== 'const' || folded.value
            })
          : [],
      )
      const others = new Set(matched.flat())
      return {
        types: of.types.filter(type => !others.has(type)),
        texts: [],
        rules: [...matched.keys()].filter(rule => matched[rule]!.length > 0),
      }
    }
    const texts = new Set<string>()
    const rules: number[] = []
    for (const [rule, condition] of conditions.entries()) {
      if (!counts(of, rule)) continue
      const needed = of.types.map(type => textsOf(foldedFor(condition, type, of), searched))
      if (needed.includes(undefined)) rules.push(rule)
      else for (const text of needed.flat()) texts.add(text!)
    }
    return { types: of.types, texts: [...texts], rules }
  }
  return Object.fromEntries(Object.entries(types.classes ?? {}).map(([name, of]) => [name, unmatchedBy(of)]))
}

function decidedBy({ left, op, modifier, values, right }: Clause, of: EventClass): boolean | undefined {
  if (left.kind !== 'field' || modifier !== undefined || right !== undefined) return undefined
  return of.decides(left.field.name, left.field.argText, op, values)
}
