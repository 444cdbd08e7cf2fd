import { shown } from '../fields/check-options.ts'
import type { LoadResult } from '../rules/report.ts'
import type { ResolvedRule } from '../rules/rule.ts'
import type { Location } from '../text/problem.ts'

/** A rule as it was loaded: its condition with macros and lists expanded, its output with everything appended. */
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

/** @throws {TypeError} for anything else than a list of files with a name and text */
export function checkFiles(files: unknown): asserts files is readonly RulesFile[] {
  const what = 'expected a list of files, [{ name, content }], whose name and content are strings'
  if (!Array.isArray(files)) throw new TypeError(`load: ${what}; got ${shown(files)}`)
  for (const [i, file] of files.entries()) {
    if (typeof file !== 'object' || file === null) throw new TypeError(`load: ${what}; file ${i} is ${shown(file)}`)
    for (const key of ['name', 'content'] as const)
      if (typeof file[key] !== 'string')
        throw new TypeError(`load: ${what}; ${key} of file ${i} is ${shown(file[key])}`)
  }
}
