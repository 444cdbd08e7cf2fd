import { OPERATORS } from '../condition/operators.ts'
import { TRANSFORMERS } from '../condition/transformers.ts'
import { TYPES } from '../fields/types.ts'
import type { Clause, Expr } from './tree.ts'

/** Rough time of one evaluation of a clause, reading its operands included; 1 is a comparison of two numbers. Guides order only. */
export function clauseCost(clause: Clause): number {
  const { kind } = TYPES[clause.left.type]
  const compare = kind === 'number' || kind === 'bool' ? 1 : OPERATORS[clause.op].cost
  const times = clause.modifier === undefined ? 1 : clause.values.length
  return exprCost(clause.left) + (clause.right ? exprCost(clause.right) : 0) + compare * times
}

/** Guessed share of events in which a clause holds. Guides order only: cheap clauses that often decide come first. */
export function clauseLikelihood(clause: Clause): number {
  return TYPES[clause.left.type].kind === 'bool' ? 0.4 : OPERATORS[clause.op].likelihood
}

function exprCost(expr: Expr): number {
  switch (expr.kind) {
    case 'field': {
      const { kind } = TYPES[expr.type]
      const plain = kind === 'number' || kind === 'bool' ? 1 : 4
      return expr.field.def.cost ?? plain * (expr.list || expr.anyOf ? 4 : 1)
    }
    case 'literal':
      return 0
    case 'tuple':
      return expr.items.reduce((sum, item) => sum + exprCost(item), 5)
    case 'transform':
      return expr.args.reduce((sum, arg) => sum + exprCost(arg), TRANSFORMERS[expr.name].cost)
  }
}
