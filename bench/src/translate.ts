/**
 * The same condition in the languages of the peers: as a CEL expression and as the conditions of json-rules-engine.
 * Covers what the rules of bench/rules use: and, or, not, =, !=, in, startswith, endswith, contains on text fields.
 */
import type { Condition } from '@falc/engine'

type Check = Extract<Condition, { kind: 'check' }>

const field = (check: Check): string => {
  if (check.left.kind !== 'field') throw new Error(`cannot translate ${check.left.kind}`)
  return check.left.name.replaceAll('.', '_')
}
const text = (check: Check): string => {
  const right = check.right
  if (!right || !('kind' in right) || right.kind !== 'literal') throw new Error(`cannot translate ${check.op}`)
  return right.text
}
const list = (check: Check): string[] => {
  if (!Array.isArray(check.right)) throw new Error(`cannot translate ${check.op} without a list`)
  return check.right.map(o => {
    if (o.kind !== 'literal') throw new Error(`cannot translate ${o.kind} in a list`)
    return o.text
  })
}

/** A CEL expression over variables named like the fields, with `_` for `.`. */
export function toCel(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
      return `(${condition.children.map(toCel).join(' && ')})`
    case 'or':
      return `(${condition.children.map(toCel).join(' || ')})`
    case 'not':
      return `!(${toCel(condition.child)})`
    case 'macro':
      throw new Error(`cannot translate macro ${condition.name}`)
    case 'check':
      switch (condition.op) {
        case '=':
          return `${field(condition)} == ${JSON.stringify(text(condition))}`
        case '!=':
          return `${field(condition)} != ${JSON.stringify(text(condition))}`
        case 'in':
          return `${field(condition)} in ${JSON.stringify(list(condition))}`
        case 'startswith':
          return `${field(condition)}.startsWith(${JSON.stringify(text(condition))})`
        case 'endswith':
          return `${field(condition)}.endsWith(${JSON.stringify(text(condition))})`
        case 'contains':
          return `${field(condition)}.contains(${JSON.stringify(text(condition))})`
        default:
          throw new Error(`cannot translate ${condition.op}`)
      }
  }
}

const JSON_RULES_OPERATORS: Record<string, string> = {
  '=': 'equal',
  '!=': 'notEqual',
  in: 'in',
  startswith: 'startsWith',
  endswith: 'endsWith',
  contains: 'has',
}

/** json-rules-engine's conditions over facts named like the fields, with `_` for `.`. */
export function toJsonRules(condition: Condition): object {
  switch (condition.kind) {
    case 'and':
      return { all: condition.children.map(toJsonRules) }
    case 'or':
      return { any: condition.children.map(toJsonRules) }
    case 'not':
      return { not: toJsonRules(condition.child) }
    case 'macro':
      throw new Error(`cannot translate macro ${condition.name}`)
    case 'check': {
      const operator = JSON_RULES_OPERATORS[condition.op]
      if (!operator) throw new Error(`cannot translate ${condition.op}`)
      return { fact: field(condition), operator, value: condition.op === 'in' ? list(condition) : text(condition) }
    }
  }
}
