import type { RuleName } from './rules.ts'

/** One field: where its value is, how it is made of what is there, what it means. */
export interface Row {
  /** How the value is made; see rules.ts. */
  readonly rule: RuleName
  /** JSON pointer; `*` stands for "each element, or the one that the index argument names". */
  readonly pointer: string
  /** A second pointer, for the rules that need one: the pod's own setting of `effective`, the kind of `subjects`. */
  readonly other?: string
  readonly list?: boolean
  readonly arg?: 'index' | 'key'
  readonly doc: string
}

export type Rows = Readonly<Record<`ka.${string}`, Row>>
