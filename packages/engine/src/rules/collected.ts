import type { Problem } from '../text/problem.ts'
import type { FailedItems } from './failed-items.ts'
import type { CheckedException, ListItem, MacroItem, PluginRequirement, RuleItem } from './item.ts'
import type { Version } from './version.ts'

/**
 * Position in the order of definition: `index` of the first definition, `visibility` of the last change. An item may
 * refer to what was defined before it was last changed. These objects are immutable: a change makes a new one, which
 * keeps its definition's `context`.
 */
export interface Ordered {
  readonly index: number
  readonly visibility: number
}
export type CollectedList = Ordered & Omit<ListItem, 'kind' | 'append'>
export type CollectedMacro = Ordered & Omit<MacroItem, 'kind' | 'append'>
export type CollectedRule = Ordered &
  Omit<RuleItem, 'kind' | 'exceptions'> & {
    readonly exceptions: readonly CheckedException[]
    /** No source of its name is loaded; the rule is skipped. */
    readonly unknownSource: boolean
  }

/** Everything that is defined after a file, by name and in the order of definition. */
export interface Collection {
  readonly lists: ReadonlyMap<string, CollectedList>
  readonly macros: ReadonlyMap<string, CollectedMacro>
  readonly rules: ReadonlyMap<string, CollectedRule>
  readonly plugins: readonly PluginRequirement[]
  /** The newest engine version that a file requires. */
  readonly engineVersion: Version
  readonly failed: FailedItems
  /** The position of what is defined next. */
  readonly next: number
  /** The findings of merging the file's items. */
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
}
