import type { Place, Span } from '../text/span.ts'

/** What every node of a condition carries besides its meaning. */
interface Written {
  /** Where the node stands in the condition's own text. */
  readonly span?: Span
  /** Where it stands in the rules file that it came from (set by the rule loader; survives macro unfolding). */
  readonly place?: Place
  /** The macro that this node was unfolded from, when it is the top of a macro's body. */
  readonly macro?: string
  /** With `macro`: where the macro's name stands that this was put in place of. */
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
/** A macro's name; gone after resolving (the condition is then *closed*). */
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
  /** The text between the brackets, unquoted. */
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
