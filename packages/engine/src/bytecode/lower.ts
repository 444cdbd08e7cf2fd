import type { Check, Condition, LiteralOperand, Operand } from '../condition/ast.ts'
import { OPERATORS, type Operator, parseOperator } from '../condition/operators.ts'
import { posixHint } from '../condition/posix.ts'
import { VAL } from '../condition/transformers.ts'
import { type ComparedOperator, holds } from '../fields/compare.ts'
import type { EventTypes, FieldDef, Scalar } from '../fields/field.ts'
import { Regex } from '../fields/regex.ts'
import type { FieldTable } from '../fields/table.ts'
import { nanoseconds } from '../fields/time.ts'
import { TYPES } from '../fields/types.ts'
import { nearestType, valueHint } from '../fields/value-hint.ts'
import { narrow, parseValue } from '../fields/values.ts'
import { didYouMean } from '../text/did-you-mean.ts'
import { clauseKey } from './canonical.ts'
import { evaluateClause } from './evaluate-tree.ts'
import { fieldsOfExpr, isComparableList, lowerField, lowerOperand, refuse, type Where } from './operand.ts'
import type { Clause, Expr, Node } from './tree.ts'
import { type ConditionWarning, valueWarnings, warnOfField } from './warnings.ts'

export interface Lowered {
  readonly node: Node
  readonly warnings: readonly ConditionWarning[]
}

const NOWHERE: Where = { span: { offset: 0, line: 1, column: 1, length: 0 } }

/**
 * Checks a closed condition (no macro names left) against a source's fields. The tree keeps the condition's shape; only
 * checks that no event can change become constants.
 * @throws {ConditionError} for the first field, operator, value or transformer that does not fit, with Falco's message
 */
export function lower(condition: Condition, table: FieldTable): Lowered {
  const warnings: ConditionWarning[] = []
  // With macros inside macros, parts of a condition occur many times: each is lowered once.
  const known = new Map<Condition, Node>()
  const nodeOf = (c: Condition): Node => {
    let node = known.get(c)
    if (!node) known.set(c, (node = lowerNode(c, nodeOf, table, warnings)))
    return node
  }
  return { node: nodeOf(condition), warnings }
}

function lowerNode(
  c: Condition,
  nodeOf: (c: Condition) => Node,
  table: FieldTable,
  warnings: ConditionWarning[],
): Node {
  switch (c.kind) {
    case 'and':
    case 'or':
      return { kind: c.kind, children: c.children.map(nodeOf), written: c }
    case 'not':
      return { kind: 'not', child: nodeOf(c.child), written: c }
    case 'macro':
      return refuse('macro', `Undefined macro '${c.name}' used in filter.`, whereOf(c))
    case 'check':
      return lowerCheck(c, table, warnings)
  }
}

function whereOf(c: Condition): Where {
  return { span: c.span ?? NOWHERE.span, place: c.place }
}

function lowerCheck(check: Check, table: FieldTable, warnings: ConditionWarning[]): Node {
  const where = whereOf(check)
  const parsed = parseOperator(check.op)
  if (!parsed) refuse('operator', `unrecognized filter comparison operator '${check.op}'`, where)
  const { op, modifier } = parsed
  const operator = OPERATORS[op]
  if (check.left.kind === 'literal')
    refuse('field', 'filter error: missing field in left-hand of binary check', where, check.left.span)
  const left = lowerOperand(check.left, table, where)
  checkOperator(left, op, operator, where)
  const right = rightExpr(check.right, left, op, operator, table, where)
  const { form } = operator
  const literals = right || form === 'unary' ? [] : literalsOf(check.right, where)
  const single = modifier === undefined && (form === 'number' || form === 'string')
  if (!right && single && literals.length !== 1)
    refuse('value', `filter error: operator '${op}' takes one value`, where)
  const constants = literals.map(literal => constantOf(literal, left, op, table, where))
  for (const literal of literals) warnings.push(...valueWarnings(literal, op, table, check))
  const fields = fieldsOfExpr(left)
  if (right) fieldsOfExpr(right, fields)
  for (const { field } of fields) warnings.push(...warnOfField(field, check))
  const compared = { ...inOrder(left, op, constants), modifier }
  const { values } = compared
  const clause: Clause = {
    key: clauseKey(left, compared, right),
    scope: commonScope(fields.map(f => f.field.def.scope ?? 'event')),
    fields: fields.map(f => f.field),
    left,
    ...compared,
    right,
  }
  const decided = (form !== 'unary' && !right && values.length === 0) || fields.length === 0
  return decided
    ? { kind: 'const', value: evaluateClause(clause, undefined), written: check }
    : { kind: 'clause', clause, written: check }
}

function commonScope(scopes: readonly string[]): string {
  return scopes.length > 0 && scopes.every(s => s === scopes[0]) ? scopes[0]! : 'event'
}

/** Refuses an operator that the left side's type does not have. */
function checkOperator(left: Expr, op: Clause['op'], operator: Operator, where: Where): void {
  if (op === 'exists') return
  const { kind, falco } = TYPES[left.type]
  if (left.list) {
    if (!isComparableList(left))
      refuse('operator', `filter error: list filters are not supported for type '${falco}'`, where)
    if (!operator.lists) refuse('operator', `filter error: '${op}' operator not supported list filters`, where)
    return
  }
  if (operator.kinds.includes(kind)) return
  const FILTERS = {
    text: 'string',
    bytes: 'buffer',
    number: 'numeric',
    bool: 'numeric',
    ip: IP_FILTERS,
    net: IP_FILTERS,
  }
  const what = kind === 'opaque' ? `type '${falco}'` : `${FILTERS[kind]} filters`
  refuse('operator', `filter error: '${op}' operator not supported for ${what}`, where)
}

const IP_FILTERS = 'ip address and network'

/** The right side when it is a field (`val(…)`) or a transformer; undefined when it is constants. */
function rightExpr(
  right: Check['right'],
  left: Expr,
  op: Clause['op'],
  operator: Operator,
  table: FieldTable,
  where: Where,
): Expr | undefined {
  const operand = isOperand(right) ? right : undefined
  if (operand === undefined || operand.kind === 'literal') return undefined
  const expr =
    operand.kind === 'transform' && operand.name === VAL
      ? valExpr(operand, table, where)
      : lowerOperand(operand, table, where)
  if (!operator.fields)
    refuse('operator', `filter error: operator '${op}' doesn't support right-hand side fields`, where, operand.span)
  if (TYPES[left.type].kind === 'net')
    refuse('field', "filter error: field type 'IPNET' doesn't support right-hand side fields", where, operand.span)
  for (const { field } of fieldsOfExpr(left))
    if (field.def.noRhs || field.def.anyOf)
      refuse('field', `filter error: field '${field.text}' doesn't support right-hand side fields`, where, operand.span)
  for (const { field } of fieldsOfExpr(expr))
    if (field.def.noRhs || field.def.anyOf)
      refuse(
        'field',
        `filter error: field '${field.text}' can't be used as a right-hand side field`,
        where,
        operand.span,
      )
  if (left.type !== expr.type || left.list !== expr.list) {
    const describe = (e: Expr) => `'${e.key}' (${e.list ? 'list of ' : ''}${TYPES[e.type].falco})`
    refuse('field', `filter error: ${describe(left)} and ${describe(expr)} have different types`, where, operand.span)
  }
  return expr
}

function valExpr(operand: Extract<Operand, { kind: 'transform' }>, table: FieldTable, where: Where): Expr {
  const inner = operand.args.length === 1 && operand.arg === undefined ? operand.args[0]! : undefined
  if (!isOperand(inner) || inner.kind !== 'field')
    return refuse('transformer', `filter error: 'val' takes a field`, where, operand.span)
  return lowerField(inner, table, where)
}

function isOperand(right: Check['right']): right is Operand {
  return right !== undefined && !Array.isArray(right)
}

function literalsOf(right: Check['right'], where: Where): readonly LiteralOperand[] {
  const operands = right === undefined ? [] : isOperand(right) ? [right] : right
  return operands.map(operand => {
    if (operand.kind !== 'literal')
      refuse('value', 'filter error: a list of values holds constants only', where, operand.span)
    return operand
  })
}

function constantOf(literal: LiteralOperand, left: Expr, op: Clause['op'], table: FieldTable, where: Where): Scalar {
  let value: Scalar
  try {
    value = parseConstant(literal.text, left, op)
    if (op === 'regex') new Regex(value as string)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const hint = op === 'regex' ? posixHint(literal.text) : valueHint(literal.text, left.key, TYPES[left.type], table)
    return refuse('value', message + hint, where, literal.span)
  }
  const types = table.source.eventTypes
  if (
    types &&
    isEquality(op) &&
    left.kind === 'field' &&
    types.fields.includes(left.key) &&
    !types.typesOf(left.key, String(value))
  )
    refuse('unknown-event-type', unknownType(String(value), left.key, types), where, literal.span)
  return value
}

/** @throws {Error} with the reason */
function parseConstant(text: string, left: Expr, op: Clause['op']): Scalar {
  const { names, print } = left.kind === 'field' ? { ...left.field.def, print: left.field.print } : {}
  if (print === 'iso8601' && !/^\d+$/.test(text)) return narrow(nanoseconds(text))
  return names && (isOrder(op) || isEquality(op)) ? names[positionOf(text, names)]![0] : parseValue(text, left.type, op)
}

function isOrder(op: Clause['op']): boolean {
  return op === '<' || op === '<=' || op === '>' || op === '>='
}

function isEquality(op: Clause['op']): boolean {
  return op === '=' || op === '!=' || op === 'in' || op === 'intersects'
}

type Names = NonNullable<FieldDef['names']>

function positionOf(text: string, names: Names): number {
  const word = text.toLowerCase()
  const at = names.findIndex(spellings => spellings.some(spelling => spelling.toLowerCase() === word))
  if (at >= 0) return at
  const known = names.map(([name]) => name)
  throw new Error(`filter error: '${text}' is not one of ${known.join(', ')}${didYouMean(text, known)}`)
}

/** A comparison in the order of names is the set of the names on that side. */
function inOrder(left: Expr, op: Clause['op'], values: readonly Scalar[]): Pick<Clause, 'op' | 'values'> {
  const names = left.kind === 'field' && isOrder(op) ? left.field.def.names : undefined
  if (!names) return { op, values }
  const limit = positionOf(values[0] as string, names)
  const side = names.filter((_, i) => holds(op as ComparedOperator, 'number', i, limit))
  return { op: 'in', values: side.map(([name]) => name) }
}

function unknownType(value: string, field: string, types: EventTypes): string {
  const guess = nearestType(value, field, types)
  return `unknown event type ${value}${guess === undefined ? '' : `, did you mean ${guess}?`}`
}
