import type { Condition } from '../condition/ast.ts'
import type { Modifier, OperatorName } from '../condition/operators.ts'
import type { TransformerName } from '../condition/transformers.ts'
import type { FieldType, Scalar } from '../fields/field.ts'
import type { ResolvedField } from '../fields/table.ts'

/**
 * A condition after it was checked against a source's fields: names are resolved, values parsed, constant checks folded. Made by
 * lower.ts, compiled by compile.ts.
 */
export type Node =
  | { readonly kind: 'const'; readonly value: boolean; readonly written?: Condition }
  | { readonly kind: 'and' | 'or'; readonly children: readonly Node[]; readonly written?: Condition }
  | { readonly kind: 'not'; readonly child: Node; readonly written?: Condition }
  | { readonly kind: 'clause'; readonly clause: Clause; readonly written?: Condition }

/** One check. Two clauses with the same key always have the same truth for the same event. */
export interface Clause {
  /** Canonical text; sets sorted, so that equal clauses of different rules coincide. */
  readonly key: string
  /** The one scope that all its fields share, or `event`. */
  readonly scope: string
  readonly fields: readonly ResolvedField[]
  readonly left: Expr
  readonly op: OperatorName
  readonly modifier: Modifier | undefined
  /** Parsed constants to compare with: one, or the list of `in`, `pmatch` and the modifiers. Empty with `right` or `exists`. */
  readonly values: readonly Scalar[]
  /** What `left` is compared with, unless that is a constant. */
  readonly right: Expr | undefined
}

/** What is known about the values of an operand. */
interface Typed {
  /** Canonical text. */
  readonly key: string
  readonly type: FieldType
  readonly list: boolean
  readonly anyOf: boolean
}
export interface FieldExpr extends Typed {
  readonly kind: 'field'
  readonly field: ResolvedField
}
export interface LiteralExpr extends Typed {
  readonly kind: 'literal'
  readonly value: string
}
/** Several operands as one list: the second argument of join, the first of getopt. Absent when one of them is. */
export interface TupleExpr extends Typed {
  readonly kind: 'tuple'
  readonly items: readonly Expr[]
}
export interface TransformExpr extends Typed {
  readonly kind: 'transform'
  readonly name: TransformerName
  readonly args: readonly Expr[]
  /** The text in brackets after it: getopt(…)[c]. */
  readonly option: string | undefined
}
export type Expr = FieldExpr | LiteralExpr | TupleExpr | TransformExpr
