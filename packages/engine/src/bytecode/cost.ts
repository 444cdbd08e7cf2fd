import type { OperatorName } from '../fields/operators.ts'
import { TYPES } from '../fields/types.ts'
import type { Clause, Expr } from './tree.ts'

/** Rough times of the operators on texts and bytes, in comparisons of two numbers. */
const OPERATOR_COST: Readonly<Record<OperatorName, number>> = {
  exists: 1,
  '=': 2,
  '!=': 2,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  contains: 8,
  icontains: 20,
  bcontains: 8,
  startswith: 3,
  bstartswith: 3,
  endswith: 3,
  glob: 15,
  iglob: 30,
  regex: 60,
  pmatch: 25,
  in: 4,
  intersects: 4,
}

/** About what one evaluation of a clause costs: reading its operands and comparing. Guides order only. */
export function clauseCost(clause: Clause): number {
  const { kind } = TYPES[clause.left.type]
  const compare = kind === 'number' || kind === 'bool' ? 1 : OPERATOR_COST[clause.op]
  const times = clause.modifier === undefined ? 1 : clause.values.length
  return exprCost(clause.left) + (clause.right ? exprCost(clause.right) : 0) + compare * times
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
      return expr.args.reduce((sum, arg) => sum + exprCost(arg), 10)
  }
}
