import type { Place } from '@falc/engine'
import type { Project } from './project.ts'

/** Replaces `place` with `text`. */
export interface Edit {
  readonly place: Place
  readonly text: string
}

/** `safe`: the rules mean the same afterwards, or what they plainly were meant to. `unsafe`: look at the result. */
export interface Fix {
  readonly grade: 'safe' | 'unsafe'
  readonly edits: readonly Edit[]
}

/** What a check has found. */
export interface Found {
  readonly place: Place
  /** What is wrong: a clause without a final stop. */
  readonly message: string
  /** What to do. */
  readonly advice?: string
  readonly fix?: Fix | undefined
}

export interface Check {
  /** Lower case, with hyphens; it reads well after `allow`. */
  readonly code: string
  readonly severity: 'error' | 'warning'
  /** One sentence. */
  readonly summary: string
  /** Why it matters, and what to do: paragraphs for the page. */
  readonly doc: string
  /** Rules files: `bad` gives this finding and no other, `good` none. */
  readonly examples: { readonly bad: string; readonly good: string }
  run(project: Project): Iterable<Found>
}

export interface Finding extends Found {
  readonly code: string
  readonly severity: 'error' | 'warning'
}

export function defineCheck(check: Check): Check {
  return check
}
