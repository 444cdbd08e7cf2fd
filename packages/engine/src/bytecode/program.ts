import type { MemoHolder } from '../fields/field.ts'
import type { ResolvedField } from '../fields/table.ts'
import type { Place, Span } from '../text/span.ts'
import type { Constant } from './constants.ts'
import type { MemoLayout } from './memo.ts'

/** Numbers, constants and the fields they name: all that running needs. Made by compile.ts or read by load.ts. */
export interface Program {
  readonly code: Int32Array
  /** Per root: the pc of its routine. */
  readonly roots: Int32Array
  readonly constants: readonly Constant[]
  /** Per value register: the field that `field` loads into it, undefined for registers of `load`, `tuple` and `apply`. */
  readonly registers: readonly (ResolvedField | undefined)[]
  /** Slots of node[]. */
  readonly nodeCount: number
  /** Deepest nesting of calls. */
  readonly depth: number
  /** The scopes that `memo` and `keep` name by their index here, with who holds the memo in an event. */
  readonly scopes: readonly ProgramScope[]
  /** Where the memo slots come from: a layout shared with other programs, or one of the program's own. */
  readonly layout: MemoLayout
  /** Every clause, by the pc of its first instruction. */
  readonly clauses: readonly ProgramClause[]
}

export interface ProgramScope {
  readonly name: string
  readonly holder: (event: any) => MemoHolder | undefined
}

/** What a listing says beside a clause's instructions. */
export interface ProgramClause {
  readonly pc: number
  readonly key: string
  /** In the condition's own text. */
  readonly span: Span | undefined
  /** In the rules file. */
  readonly place: Place | undefined
}
