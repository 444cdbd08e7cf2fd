import type { Kind, OperatorName } from '../condition/operators.ts'
import { holds } from '../fields/compare.ts'
import { extract } from '../fields/extract.ts'
import { ExtractErrors, type ExtractFailure } from '../fields/failures.ts'
import type { Scalar, Value } from '../fields/field.ts'
import { printValue } from '../fields/print.ts'
import { Regex } from '../fields/regex.ts'
import { APPLY, elements } from '../fields/transformers.ts'
import { TYPES } from '../fields/types.ts'
import { fieldsOfExpr } from './operand.ts'
import type { Clause, Expr, Node } from './tree.ts'

/**
 * The truth of a tree by definition, without a program, sets or memos. VM and JIT are tested against it, and explanations use it.
 */
export function evaluateTree(node: Node, event: unknown, errors?: ExtractErrors): boolean {
  switch (node.kind) {
    case 'const':
      return node.value
    case 'and':
      return node.children.every(child => evaluateTree(child, event, errors))
    case 'or':
      return node.children.some(child => evaluateTree(child, event, errors))
    case 'not':
      return !evaluateTree(node.child, event, errors)
    case 'clause':
      return evaluateClause(node.clause, event, errors)
  }
}

/** The truth of one check. It is false when an operand is absent. */
export function evaluateClause(clause: Clause, event: unknown, errors?: ExtractErrors): boolean {
  const left = evaluateExpr(clause.left, event, errors)
  if (left === undefined) return false
  if (clause.op === 'exists') return true
  if (clause.right === undefined) return compareValues(clause, left, clause.values)
  const right = evaluateExpr(clause.right, event, errors)
  return right !== undefined && compareValues(clause, left, elements(right))
}

/** Whether a clause holds for a value of its left side that is there. @param values what it is compared with */
export function compareValues(clause: Clause, left: Value, values: readonly Scalar[]): boolean {
  const { op, modifier } = clause
  const { kind } = TYPES[clause.left.type]
  const own = elements(left)
  const passes = (value: Scalar) =>
    op === '!=' ? !own.some(v => holds('=', kind, v, value)) : own.some(v => holdsFor(op, kind, v, value))
  if (modifier === 'oneof') return values.filter(passes).length === 1
  if (modifier === 'allof') return values.length > 0 && values.every(passes)
  if (op === 'in' && clause.left.list) return own.every(v => values.some(value => holds('=', kind, v, value)))
  return values.some(passes)
}

function holdsFor(op: OperatorName, kind: Kind, value: Scalar, constant: Scalar): boolean {
  return op === 'regex' ? new Regex(constant as string).test(value as string) : holds(op, kind, value, constant)
}

/** An operand's value; undefined = absent. */
export function evaluateExpr(expr: Expr, event: unknown, errors?: ExtractErrors): Value | undefined {
  switch (expr.kind) {
    case 'field':
      return extract(expr.field, event, errors)
    case 'literal':
      return expr.value
    case 'tuple': {
      const items = evaluateAll(expr.items, event, errors)
      return items?.flatMap(elements)
    }
    case 'transform': {
      const args = evaluateAll(expr.args, event, errors)
      return args && APPLY[expr.name](args, expr.option)
    }
  }
}

function evaluateAll(exprs: readonly Expr[], event: unknown, errors?: ExtractErrors): Value[] | undefined {
  const values: Value[] = []
  for (const expr of exprs) {
    const value = evaluateExpr(expr, event, errors)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

/** The details of a clause in an explanation. */
export interface ClauseReport {
  readonly truth: boolean
  /** The left operand's value; undefined = absent. */
  readonly left: Value | undefined
  /** The value as an output prints it, `<NA>` when absent. */
  readonly leftText: string
  /** Why a field of the clause could not be read. */
  readonly failure: ExtractFailure | undefined
}

/** Evaluates a clause and reports the value of its left side. */
export function describeClause(clause: Clause, event: unknown): ClauseReport {
  let failure: ExtractFailure | undefined
  const errors = new ExtractErrors(found => {
    failure ??= found
  })
  const left = evaluateExpr(clause.left, event, errors)
  return { truth: evaluateClause(clause, event, errors), left, leftText: printExpr(clause.left, left), failure }
}

/** Why an operand is absent, if one of its fields has a reason. */
export function absenceOf(expr: Expr, event: unknown): string | undefined {
  for (const { field } of fieldsOfExpr(expr)) {
    try {
      const why = field.def.absence?.(event, field.arg)
      if (why !== undefined) return why
    } catch {
      // The evaluation reports failures by the field itself.
    }
  }
  return undefined
}

/** The text of an operand's value, `<NA>` when it is absent. */
export function printExpr(expr: Expr, value: Value | undefined): string {
  if (value === undefined) return '<NA>'
  const print = expr.kind === 'field' ? expr.field.print : undefined
  return printValue(value, { type: expr.type, list: expr.list, print })
}
