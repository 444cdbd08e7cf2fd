import type { Condition } from '../condition/ast.ts'
import type { MappedText } from '../text/mapped.ts'
import type { Location, ProblemCode } from '../text/problem.ts'
import type { Place, Span } from '../text/span.ts'
import type { Priority } from './priority.ts'

/** A rule with its lists, macros and exceptions in place: what the engine compiles. */
export interface ResolvedRule {
  readonly name: string
  readonly source: string
  readonly priority: Priority
  /** Sorted, each once. */
  readonly tags: readonly string[]
  /** After rule selection and the priority threshold. */
  readonly enabled: boolean
  /** Less severe than the threshold: `enabled` is false because of that. */
  readonly belowPriority: boolean
  readonly desc: string
  /** Closed: no macro is left in it. Nodes carry `place`; what came out of a macro carries `macro` and `use` at its top. Shared between rules: never change it. */
  readonly condition: Condition
  /** The text that was parsed: with appends, exceptions and list items in place, macros still by name. Spans of nodes that came from no macro lie in it. */
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
  /** Names of the macros it refers to, also through other macros; sorted. */
  readonly macros: readonly string[]
  /** Names of the lists it refers to, also through macros and lists; sorted. */
  readonly lists: readonly string[]
  /** From the file down to the rule. */
  readonly locations: readonly Location[]
}

export interface ResolvedException {
  readonly name: string
  readonly fields: readonly string[]
  readonly comps: readonly string[]
  /** How many values it has; one without values excepts nothing. */
  readonly values: number
  /** All of its definition in the file; its checks in the closed condition have their places in there. */
  readonly place: Place
}

/** Something that a check found in a rule; the loader turns it into a Problem with its place and snippet. */
export interface Finding {
  readonly code: ProblemCode
  readonly message: string
  /** What it is about: the condition or the output (then `span` or `place` say where), or the rule as a whole. */
  readonly part: 'condition' | 'output' | 'rule'
  /** In the text of the condition (of the macro, when the node came from one: then give `place` too) or of the output. */
  readonly span?: Span
  /** The node's place; wins over `span`. */
  readonly place?: Place
  readonly deprecatedField?: string
}

export interface Findings {
  /** With any, the rule cannot be loaded. With skip-if-unknown-filter, a first one about an unknown field or event type only drops the rule. */
  readonly errors: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** What the loader asks of the rooms above it. */
export interface RuleChecks {
  hasSource(name: string): boolean
  /** Whether the source has the field and accepts the argument: asked for the fields of exceptions. */
  isField(source: string, name: string, arg: string | undefined): boolean
  /** Compiles a rule's condition and output. Asked anew for each file, and not again for a rule that has not changed since. Must not throw. */
  compile(rule: ResolvedRule): Findings
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

export interface LoaderOptions {
  /** Rules that are less severe are not enabled. Default: Debug. */
  readonly priority?: Priority
  /** In order, the last one that matches wins. */
  readonly ruleSelection?: readonly RuleSelection[]
  /** What required_plugin_versions may ask for. Default: none. */
  readonly plugins?: readonly PluginVersion[]
}
