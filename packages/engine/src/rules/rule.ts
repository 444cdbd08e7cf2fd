import type { Condition } from '../condition/ast.ts'
import type { MappedText } from '../text/mapped.ts'
import type { Place } from '../text/span.ts'
import type { Context } from './context.ts'
import type { Finding } from './finding.ts'
import type { Priority } from './priority.ts'

/** A rule with its lists, macros and exceptions expanded: the input of compilation. */
export interface ResolvedRule {
  readonly name: string
  readonly source: string
  readonly priority: Priority
  /** Sorted, each once. */
  readonly tags: readonly string[]
  /** After rule selection and the priority threshold. */
  readonly enabled: boolean
  /** Less severe than the threshold, and disabled for that reason. */
  readonly belowPriority: boolean
  readonly desc: string
  /** Closed: without macros. Nodes have a `place`; the root of what came from a macro has `macro` and `use`. Shared between rules: do not modify. */
  readonly condition: Condition
  /** The parsed text: with appends, exceptions and lists expanded, and the names of macros. Spans of nodes that did not come from a macro refer to it. */
  readonly conditionText: MappedText
  /** The condition as written, appends joined, without exceptions. */
  readonly conditionWritten: MappedText
  /** The output template, appends joined, trimmed. */
  readonly output: string
  readonly outputText: MappedText
  readonly warnEvttypes: boolean
  readonly skipIfUnknownFilter: boolean
  readonly capture: boolean
  /** Milliseconds; 0 = the configured default. */
  readonly captureDuration: number
  readonly exceptions: readonly ResolvedException[]
  /** Position in the order of definition, over all kinds of items; a redefinition keeps it. */
  readonly index: number
  /** When it was last defined, appended to or overridden, in the same count. */
  readonly visibility: number
  /** Names of the macros that it uses, directly or through other macros; sorted. */
  readonly macros: readonly string[]
  /** Names of the lists that it uses, directly or through macros and lists; sorted. */
  readonly lists: readonly string[]
  /** Where it is defined. A new definition has a new context. */
  readonly context: Context
  /** Warnings about the output as written. */
  readonly outputFindings: readonly Finding[]
  /** Warnings about the closed condition that do not depend on its source's fields. */
  readonly conditionFindings: readonly Finding[]
}

export interface ResolvedException {
  readonly name: string
  readonly fields: readonly string[]
  readonly comps: readonly string[]
  /** Number of values; without values an exception has no effect. */
  readonly values: number
  /** The whole definition, which contains the places of its checks. */
  readonly place: Place
}

/** One step of rule selection: by name with `*` as wildcard, by tag, or both (then each must match). */
export interface RuleSelection {
  readonly op: 'enable' | 'disable'
  readonly rule?: string
  readonly tag?: string
}

export interface PluginVersion {
  readonly name: string
  readonly version: string
}

/** What resolving depends on besides the files. */
export interface ResolveOptions {
  /** Rules that are less severe are not enabled. Default: Debug. */
  readonly priority?: Priority
  /** In order; the last match wins. */
  readonly ruleSelection?: readonly RuleSelection[]
}
