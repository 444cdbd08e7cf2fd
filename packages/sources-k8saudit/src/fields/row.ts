import type { Pointers, RuleName } from './rules.ts'

/** One field: where its value is, how it is made of what is there, what it means. */
export interface Row extends Pointers {
  /** How the value is made; see rules.ts. */
  readonly rule: RuleName
  readonly list?: boolean
  readonly arg?: 'index' | 'key'
  readonly doc: string
}

export type Rows = Readonly<Record<`ka.${string}`, Row>>
