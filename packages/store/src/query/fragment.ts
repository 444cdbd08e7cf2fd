/** A part of a condition in SQL. */
import type { SQLInputValue } from 'node:sqlite'

/** A term of SQL that is 1 or 0, never NULL. */
export interface Fragment {
  readonly text: string
  readonly params: readonly SQLInputValue[]
}

export interface Plan {
  readonly sure: Fragment
  readonly maybe: Fragment
  /** An expression of the index `terms` that all alerts satisfy for which the condition holds; undefined: any alert may. */
  readonly match?: string | undefined
}

export const TRUE: Fragment = { text: '1', params: [] }
export const FALSE: Fragment = { text: '0', params: [] }
export const UNKNOWN: Plan = { sure: FALSE, maybe: TRUE }

/** What SQL decides alone. */
export function exactly(text: string, params: readonly SQLInputValue[] = []): Plan {
  const fragment = { text: `ifnull(${text}, 0)`, params }
  return { sure: fragment, maybe: fragment }
}
