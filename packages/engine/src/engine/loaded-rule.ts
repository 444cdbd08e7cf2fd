import type { LoadResult } from '../rules/report.ts'
import type { ResolvedRule } from '../rules/rule.ts'
import type { Location } from '../text/problem.ts'

/** A rule as it was loaded: its condition closed, its output with everything appended. */
export interface LoadedRule
  extends Pick<
    ResolvedRule,
    | 'name'
    | 'source'
    | 'priority'
    | 'tags'
    | 'enabled'
    | 'desc'
    | 'condition'
    | 'exceptions'
    | 'capture'
    | 'captureDuration'
    | 'macros'
    | 'lists'
  > {
  readonly output: string
  /** From the file down to the rule's definition, with its length. */
  readonly locations: readonly Location[]
  /** The condition as written, macros by name. */
  readonly conditionText: string
  /** How many event types it can match; undefined where the source has none. */
  readonly typeCount: number | undefined
}

/** The result of loading. `formatResult` and `resultToJSON` print a file's result as `falco -V` does. */
export interface LoadReport extends LoadResult {
  /** In the order of definition. Empty when `ok` is false. */
  readonly rules: readonly LoadedRule[]
}

export interface RulesFile {
  /** Shown in problems and places. */
  readonly name: string
  readonly content: string
}
