import type { Place, Span } from '../text/span.ts'

/** The position of a node. */
interface Written {
  /** Its range in the condition's own text. */
  readonly span?: Span
  /** Its range in the rules file (set by the rule loader; kept when macros are expanded). */
  readonly place?: Place
  /** The macro whose body this node is the root of. */
  readonly macro?: string
  /** With `macro`: the place of the macro's name that was replaced. */
  readonly use?: Place
}

export interface And extends Written {
  readonly kind: 'and'
  readonly children: readonly Condition[]
}
export interface Or extends Written {
  readonly kind: 'or'
  readonly children: readonly Condition[]
}
export interface Not extends Written {
  readonly kind: 'not'
  readonly child: Condition
}
/** The name of a macro. A resolved condition has none: it is *closed*. */
export interface MacroRef extends Written {
  readonly kind: 'macro'
  readonly name: string
}
/** `left op right`. `op` is the operator as written, with its modifier if any: `=`, `in`, `startswith oneof`, `exists`. */
export interface Check extends Written {
  readonly kind: 'check'
  readonly left: Operand
  readonly op: string
  /** Absent for `exists`; an array for a list in parentheses. */
  readonly right?: Operand | readonly Operand[]
}
/** The tree of a filter condition. */
export type Condition = And | Or | Not | MacroRef | Check

export interface FieldOperand {
  readonly kind: 'field'
  readonly name: string
  /** The text in brackets, unquoted. */
  readonly arg?: string
  readonly span?: Span
}
export interface TransformOperand {
  readonly kind: 'transform'
  /** `tolower`, `val`, `getopt` …: a name of transformers.ts. */
  readonly name: string
  readonly args: readonly (Operand | readonly Operand[])[]
  readonly arg?: string
  readonly span?: Span
}
export interface LiteralOperand {
  readonly kind: 'literal'
  /** The value, unquoted and unescaped. */
  readonly text: string
  readonly span?: Span
}
export type Operand = FieldOperand | TransformOperand | LiteralOperand
