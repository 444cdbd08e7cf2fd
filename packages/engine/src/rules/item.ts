import type { MappedText } from '../text/mapped.ts'
import type { Place } from '../text/span.ts'
import type { Context } from './context.ts'
import type { NamedKind } from './failed-items.ts'
import type { Priority } from './priority.ts'
import type { PluginVersion } from './rule.ts'
import type { Version } from './version.ts'

/** The items of a rules file as read: each checked on its own, not yet against the others. */
export type Item =
  | { readonly kind: 'engine version'; readonly version: Version }
  | { readonly kind: 'plugin versions'; readonly requirements: readonly PluginRequirement[] }
  | ListItem
  | MacroItem
  | RuleItem
  | RuleUpdateItem
  | { readonly kind: 'rule enable'; readonly name: string; readonly enabled: boolean; readonly context: Context }
  /** An item that could not be read; the errors of its file say why. */
  | { readonly kind: 'failed'; readonly of: NamedKind; readonly name: string; readonly context: Context }
  | { readonly kind: 'unknown' }

/** A plugin or one of its alternatives must be loaded. */
export interface PluginRequirement {
  readonly alternatives: readonly PluginVersion[]
  readonly context: Context
}

export interface ListItem {
  readonly kind: 'list'
  readonly name: string
  readonly items: readonly MappedText[]
  readonly append: boolean
  readonly context: Context
}

export interface MacroItem {
  readonly kind: 'macro'
  readonly name: string
  readonly condition: MappedText
  readonly append: boolean
  readonly context: Context
}

export interface RuleItem {
  readonly kind: 'rule'
  readonly name: string
  readonly source: string
  readonly priority: Priority
  readonly tags: readonly string[]
  readonly enabled: boolean
  readonly desc: string
  readonly condition: MappedText
  readonly output: MappedText
  readonly warnEvttypes: boolean
  readonly skipIfUnknownFilter: boolean
  readonly capture: boolean
  readonly captureDuration: number
  readonly exceptions: readonly ExceptionItem[]
  readonly context: Context
}

/** The keys of a rule that an append or an override changes. */
export type RuleChanges = Partial<
  Pick<
    RuleItem,
    | 'condition'
    | 'output'
    | 'desc'
    | 'tags'
    | 'exceptions'
    | 'priority'
    | 'enabled'
    | 'warnEvttypes'
    | 'skipIfUnknownFilter'
    | 'capture'
    | 'captureDuration'
  >
>

export interface RuleUpdateItem {
  readonly kind: 'rule update'
  readonly name: string
  /** Applied before `replace`. */
  readonly append?: RuleChanges
  readonly replace?: RuleChanges
  readonly context: Context
}

/** A value or a list of values, in an exception's fields, comps and values. */
export type Entry =
  | { readonly list: false; readonly text: MappedText }
  | { readonly list: true; readonly items: readonly Entry[] }

export interface ExceptionItem {
  readonly name: string
  readonly fields?: Entry
  readonly comps?: Entry
  readonly values: readonly Entry[]
  readonly context: Context
  /** The whole definition, which contains its fields and so the places of its checks. */
  readonly range: Place
}

/** An exception whose fields and comparison operators have been checked and paired. */
export interface CheckedException {
  readonly name: string
  /** `single`: one field, values are a list of scalars. Else each value is a list as long as `fields`. */
  readonly single: boolean
  readonly fields: readonly MappedText[]
  readonly comps: readonly string[]
  readonly values: readonly Entry[]
  readonly context: Context
  /** The whole definition, which contains its fields and so the places of its checks. */
  readonly range: Place
}
