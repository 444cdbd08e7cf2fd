import type { Check, Condition, LiteralOperand, Operand } from '../condition/ast.ts'
import { ConditionError } from '../condition/error.ts'
import { parseCondition } from '../condition/parse.ts'
import { isList, map } from '../condition/walk.ts'

/** Macros and lists for a condition outside of a rules file. */
export interface Names {
  /** Condition texts by macro name; a macro may use others. */
  readonly macros?: Readonly<Record<string, string>>
  /** Items by list name; an item may be another list's name. */
  readonly lists?: Readonly<Record<string, readonly string[]>>
}

/**
 * Parses a condition and expands its macros and lists.
 * @throws {ConditionError} for a syntax error, and for a macro that is undefined or refers to itself
 */
export function closeCondition(condition: string | Condition, names: Names): Condition {
  return closed(typeof condition === 'string' ? parseCondition(condition) : condition, names, [])
}

const NOWHERE = { offset: 0, line: 1, column: 1, length: 0 }

function closed(condition: Condition, names: Names, open: readonly string[]): Condition {
  return map(condition, node => {
    if (node.kind === 'check') return withItems(node, names.lists ?? {})
    if (node.kind !== 'macro') return node
    const { name, span = NOWHERE } = node
    const text = Object.hasOwn(names.macros ?? {}, name) ? names.macros![name]! : undefined
    if (text === undefined)
      throw new ConditionError('macro', `Undefined macro '${name}' used in filter.`, span, node.place)
    if (open.includes(name)) throw new ConditionError('macro', `reference loop in macro '${name}'`, span, node.place)
    try {
      return { ...closed(parseCondition(text), names, [...open, name]), macro: name }
    } catch (error) {
      // A span in the macro's text has no meaning in the condition's.
      if (error instanceof ConditionError)
        throw new ConditionError(error.code, `macro '${name}': ${error.message}`, span)
      throw error
    }
  })
}

/** Replaces the names of lists in a check's values by their items. */
function withItems(check: Check, lists: NonNullable<Names['lists']>): Check {
  const { right } = check
  if (right === undefined) return check
  if (isList(right)) {
    const items = right.flatMap(operand => itemsOf(operand, lists, []))
    return items.length === right.length && items.every((item, i) => item === right[i])
      ? check
      : { ...check, right: items }
  }
  if (right.kind !== 'literal' || !Object.hasOwn(lists, right.text)) return check
  return { ...check, right: itemsOf(right, lists, []) }
}

function itemsOf(operand: Operand, lists: NonNullable<Names['lists']>, open: readonly string[]): Operand[] {
  if (operand.kind !== 'literal' || !Object.hasOwn(lists, operand.text) || open.includes(operand.text)) return [operand]
  const items: LiteralOperand[] = lists[operand.text]!.map(text => ({ ...operand, text }))
  return items.flatMap(item => itemsOf(item, lists, [...open, operand.text]))
}
