import type { Condition } from '../condition/ast.ts'
import { isList, walk } from '../condition/walk.ts'
import { EventTypeAnalysis } from './event-types.ts'

/** Falco warns about a rule that is tried on more event types than this. */
const MANY = 100

/** Whether a rule is tried on too many event types, for a source that lists its types. */
export function matchesManyTypes(condition: Condition, types: EventTypeAnalysis): boolean {
  return types.typesOf(condition).toArray().length > MANY
}

/**
 * The same for a source that does not list its types: a condition that can match a type that it does not name matches nearly all.
 * @param field the field that holds the type
 */
export function matchesUnnamedTypes(condition: Condition, field: string): boolean {
  const names: string[] = []
  walk(condition, node => {
    if (node.kind !== 'check' || node.left.kind !== 'field' || node.left.name !== field) return
    for (const operand of node.right === undefined ? [] : isList(node.right) ? node.right : [node.right])
      if (operand.kind === 'literal' && !names.includes(operand.text)) names.push(operand.text)
  })
  const unnamed = names.length
  const analysis = new EventTypeAnalysis({
    all: [...names.keys(), unnamed],
    fields: [field],
    typesOf: (_, value) => [names.indexOf(value)],
    valueOf: (_, type) => (type === unnamed ? undefined : names[type]),
  })
  return analysis.typesOf(condition).has(unnamed)
}
