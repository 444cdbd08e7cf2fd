import type { CheckedException, ListItem, MacroItem, RuleItem } from './item.ts'

/**
 * Position in the order of definition (`index`: of the first one; `visibility`: of the last one that changed it). What
 * an item refers to must have been defined before it was last changed. Never changed in place: a new object says that
 * something is new.
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
    /** Its source is not loaded: it is left out. */
    readonly unknownSource: boolean
  }
