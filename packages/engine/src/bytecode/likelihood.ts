import type { OperatorName } from '../fields/operators.ts'
import { TYPES } from '../fields/types.ts'
import type { Clause } from './tree.ts'

/** How often a check of this kind holds, guessed: a rule looks for the rare thing. */
const LIKELY: Readonly<Record<OperatorName, number>> = {
  exists: 0.8,
  '=': 0.1,
  '!=': 0.9,
  '<': 0.5,
  '<=': 0.5,
  '>': 0.5,
  '>=': 0.5,
  contains: 0.1,
  icontains: 0.1,
  bcontains: 0.1,
  startswith: 0.15,
  bstartswith: 0.15,
  endswith: 0.1,
  glob: 0.1,
  iglob: 0.1,
  regex: 0.1,
  pmatch: 0.15,
  in: 0.15,
  intersects: 0.15,
}

/** The guessed share of events in which a clause holds. Guides order only: what is cheap and decides often comes first. */
export function likelihood(clause: Clause): number {
  return TYPES[clause.left.type].kind === 'bool' ? 0.4 : LIKELY[clause.op]
}
