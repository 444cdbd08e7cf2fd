import type { FieldOperand, LiteralOperand, Operand, TransformOperand } from '../condition/ast.ts'
import { ConditionError, type ConditionErrorCode } from '../condition/error.ts'
import { isTransformer, TRANSFORMERS, type Transformer, type TransformerName, VAL } from '../condition/transformers.ts'
import type { FieldTable } from '../fields/table.ts'
import { LIST_TYPES, TYPES } from '../fields/types.ts'
import { NUL_IN_VALUE } from '../fields/values.ts'
import { textToBytes } from '../text/encoding.ts'
import type { Place, Span } from '../text/span.ts'
import { scalarKey } from './canonical.ts'
import type { Expr, FieldExpr, TransformExpr, TupleExpr } from './tree.ts'

/** The place of an error in an operand without its own span: the check around it. */
export interface Where {
  readonly span: Span
  readonly place?: Place | undefined
}

/** @throws {ConditionError} at `span`, or at `where` without one */
export function refuse(code: ConditionErrorCode, message: string, where: Where, span?: Span): never {
  throw new ConditionError(code, message, span ?? where.span, where.place)
}

/** Checks an operand of a condition or template against a source's fields. @throws {ConditionError} */
export function lowerOperand(operand: Operand, table: FieldTable, where: Where): Expr {
  switch (operand.kind) {
    case 'field':
      return lowerField(operand, table, where)
    case 'literal':
      return lowerLiteral(operand, where)
    case 'transform':
      return lowerTransform(operand, table, where)
  }
}

export function lowerField(operand: FieldOperand, table: FieldTable, where: Where): FieldExpr {
  const field = resolve(operand, table, where)
  return {
    kind: 'field',
    key: field.text,
    type: field.type,
    list: field.list,
    anyOf: field.def.anyOf ?? false,
    field,
  }
}

function resolve(operand: FieldOperand, table: FieldTable, where: Where) {
  try {
    return table.resolve(operand.name, operand.arg, operand.span ?? where.span)
  } catch (error) {
    if (error instanceof ConditionError && where.place) refuse(error.code, error.message, where, error.span)
    throw error
  }
}

function lowerLiteral(operand: LiteralOperand, where: Where): Expr {
  if (operand.text.includes('\0')) refuse('value', NUL_IN_VALUE, where, operand.span)
  const value = operand.text.toWellFormed()
  return { kind: 'literal', key: scalarKey(value), type: 'string', list: false, anyOf: false, value }
}

function lowerTransform(operand: TransformOperand, table: FieldTable, where: Where): Expr {
  const { name, span } = operand
  if (name === VAL) refuse('transformer', `filter error: 'val' is allowed as a right-hand value only`, where, span)
  if (!isTransformer(name)) return refuse('transformer', `unknown field transfomer '${name}'`, where, span)
  const transformer = TRANSFORMERS[name]
  const [fewest, most] = transformer.arity
  if (operand.args.length < fewest || operand.args.length > most) {
    const wanted = fewest === most ? `${fewest}` : `at least ${fewest}`
    refuse('transformer', `filter error: '${name}' takes ${wanted} argument${fewest === 1 ? '' : 's'}`, where, span)
  }
  if (operand.arg !== undefined && !transformer.option)
    refuse('transformer', `filter error: '${name}' takes no argument in brackets`, where, span)
  if (operand.arg !== undefined && textToBytes(operand.arg).length !== 1)
    refuse('transformer', `filter error: the argument of '${name}' must be a single option character`, where, span)
  const args = operand.args.map((arg, i) => lowerArgument(arg, i, name, transformer, table, where))
  return transformed(name, transformer, args, operand.arg)
}

function transformed(
  name: TransformerName,
  t: Transformer,
  args: readonly Expr[],
  option: string | undefined,
): TransformExpr {
  const first = args[0]!
  const suffix = option === undefined ? '' : `[${option}]`
  return {
    kind: 'transform',
    key: `${name}(${args.map(a => a.key).join(', ')})${suffix}`,
    type: t.result === 'same' ? first.type : t.result,
    list: t.shape === 'each' ? first.list : t.shape === 'list-text' && option === undefined,
    anyOf: t.shape === 'each' && first.anyOf,
    name,
    args,
    option,
  }
}

function lowerArgument(
  arg: Operand | readonly Operand[],
  index: number,
  name: string,
  transformer: Transformer,
  table: FieldTable,
  where: Where,
): Expr {
  const { shape } = transformer
  const oneField = shape === 'each' || shape === 'whole'
  const wantsList = (shape === 'text-list' && index === 1) || (shape === 'list-text' && index === 0)
  const expr = isTuple(arg)
    ? tuple(arg.map(item => checkArgument(lowerOperand(item, table, where), item.span, name, transformer, where)))
    : checkArgument(lowerOperand(arg, table, where), arg.span, name, transformer, where)
  const span = isTuple(arg) ? arg[0]?.span : arg.span
  if (oneField && (expr.kind === 'tuple' || expr.kind === 'literal'))
    refuse('transformer', `filter error: '${name}' takes a field or a transformer`, where, span)
  if (!oneField && wantsList !== expr.list) {
    const wanted = wantsList ? 'a list' : 'a single value'
    refuse('transformer', `filter error: argument ${index + 1} of '${name}' must be ${wanted}`, where, span)
  }
  return expr
}

function checkArgument(expr: Expr, span: Span | undefined, name: string, t: Transformer, where: Where): Expr {
  if (expr.kind === 'field' && expr.field.def.noTransformer)
    refuse('transformer', `filter error: field '${expr.key}' does not support transformers`, where, span)
  const lengthOfList = t.shape === 'whole' && expr.list
  if (lengthOfList || t.kinds.includes(TYPES[expr.type].kind)) return expr
  const type = `${expr.list ? 'list of ' : ''}'${TYPES[expr.type].falco}'`
  const message = `filter error: '${name}' transformer does not support type ${type} of '${expr.key}'`
  return refuse('transformer', message, where, span)
}

function tuple(items: readonly Expr[]): TupleExpr {
  return {
    kind: 'tuple',
    key: `(${items.map(i => i.key).join(', ')})`,
    type: 'string',
    list: true,
    anyOf: false,
    items,
  }
}

function isTuple(arg: Operand | readonly Operand[]): arg is readonly Operand[] {
  return Array.isArray(arg)
}

/** The fields that an operand reads, each once. */
export function fieldsOfExpr(expr: Expr, into: FieldExpr[] = []): FieldExpr[] {
  if (expr.kind === 'field') {
    if (!into.some(known => known.field === expr.field)) into.push(expr)
  } else if (expr.kind === 'tuple') for (const item of expr.items) fieldsOfExpr(item, into)
  else if (expr.kind === 'transform') for (const arg of expr.args) fieldsOfExpr(arg, into)
  return into
}

/** Whether `in` and `intersects` can compare a list of this type. */
export function isComparableList(expr: Expr): boolean {
  return LIST_TYPES.has(expr.type)
}
