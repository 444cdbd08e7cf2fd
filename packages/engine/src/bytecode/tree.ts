import type { Condition } from '../condition/ast.ts'
import type { FieldDef } from '../fields/field.ts'

/**
 * A condition after checking against a source's fields: names are gone, values are parsed, what cannot differ is folded.
 * Between lower.ts (Condition → Node) and compile.ts (Nodes → Program).
 */
export type Node =
  | { readonly kind: 'const'; readonly value: boolean }
  | { readonly kind: 'and' | 'or'; readonly children: readonly Node[]; readonly written?: Condition }
  | { readonly kind: 'not'; readonly child: Node; readonly written?: Condition }
  | { readonly kind: 'clause'; readonly clause: Clause; readonly written?: Condition }

/** One check. Two clauses with the same key always have the same truth for the same event. */
export interface Clause {
  readonly key: string
  /** The one scope that all its fields share, or `event`. */
  readonly scope: string
  readonly fields: readonly { readonly name: string; readonly arg?: string; readonly def: FieldDef }[]
  // lower.ts adds what the compiler needs: operator, prepared constants, operand expressions.
}
