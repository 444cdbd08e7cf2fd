import type { Backend } from '../bytecode/evaluator.ts'
import { type Expected, shown } from '../fields/check-options.ts'
import type { FieldFailure } from '../fields/failures.ts'
import type { Source } from '../fields/field.ts'
import type { Priority } from '../rules/priority.ts'
import type { PluginVersion, RuleSelection } from '../rules/rule.ts'
import type { AppendOutput, AppendOutputFormat } from './append-output.ts'

/** The configuration of an engine, with falco.yaml's names in camel case. */
export interface EngineOptions<S extends Source = Source> {
  /** Where events come from; a rule of another source is skipped with a warning. */
  readonly sources: readonly S[]
  /**
   * Plugins that `required_plugin_versions` of rules files may require, in addition to those that the sources provide. The fields
   * of Falco's `container` plugin are then known; where the source does not declare them, they are absent in every event.
   */
  readonly plugins?: readonly PluginVersion[]
  /** Less severe rules are disabled. In any case (`warning`, `WARNING`). Default: Debug. */
  readonly priority?: Priority | (string & {})
  /** `first` (default): only the first rule that matches an event raises an alert; `all`: every rule that matches does. */
  readonly ruleMatching?: 'first' | 'all'
  /** Enables and disables rules by name (`*` is a wildcard) and tag. Applied in order, so the last match takes effect. */
  readonly ruleSelection?: readonly RuleSelection[]
  /** `falco`: only warnings that Falco has, too, for comparisons with it. Default: `all`. */
  readonly loadWarnings?: 'all' | 'falco'
  readonly appendOutput?: readonly (AppendOutput | AppendOutputFormat)[]
  /** Constants that rules may use as `static.NAME`. */
  readonly staticFields?: Readonly<Record<string, string>>
  /** The value of `hostname` in alerts and of the field evt.hostname. */
  readonly hostname?: string
  /** The machine or cluster whose events these are, for the ids of alerts: two sensors that see different events need different ones. Default: `hostname`. */
  readonly identity?: string
  /** Prints times as `2026-11-24T14:12:34.638674831+0000` (UTC) instead of the local time of day. */
  readonly timeFormatIso8601?: boolean
  /** `jit` (default) generates JavaScript; where that is forbidden, `vm` interprets instead. The results are the same. */
  readonly backend?: Backend
  /**
   * Called for every field that could not be read: its function threw, or returned a value of another type than declared. The
   * field is absent then, and counted in `stats()`. Exceptions of the callback are ignored.
   */
  readonly onError?: (failure: FieldFailure) => void
  /** Switches off optimisations, for tests and benchmarks. The results are the same. */
  readonly tuning?: Tuning
}

export interface Tuning {
  /** Default true: rules per event type, split by scope. False: every rule on every event. */
  readonly index?: boolean
  /** Default true: results of checks are kept on threads and other long-lived objects. */
  readonly memo?: boolean
  /** Walks the tree of the conditions instead of running the compiled program. */
  readonly treeWalk?: boolean
}

/** The values that options may have, for JavaScript and for configuration that is read from files. */
export const ENGINE_OPTIONS = {
  sources: 'list',
  plugins: { listOf: { name: 'text', version: 'text' } },
  priority: 'text',
  ruleMatching: { oneOf: ['first', 'all'] },
  ruleSelection: { listOf: { op: { oneOf: ['enable', 'disable'] }, rule: 'text', tag: 'text' } },
  loadWarnings: { oneOf: ['all', 'falco'] },
  appendOutput: {
    listOf: {
      ...{ match: { options: { source: 'text', rule: 'text', tags: 'list' } }, extra_output: 'text' },
      ...{ extra_fields: 'list', suggested_output: 'boolean', condition_fields: 'boolean' },
      ...{ format: 'text', source: 'text', rule: 'text', tags: 'list' },
    },
  },
  staticFields: 'object',
  hostname: 'text',
  identity: 'text',
  timeFormatIso8601: 'boolean',
  backend: { oneOf: ['jit', 'vm'] },
  onError: 'function',
  tuning: { options: { index: 'boolean', memo: 'boolean', treeWalk: 'boolean' } },
} as const satisfies Record<keyof EngineOptions, Expected>

/** @throws {TypeError} for something else than a list of sources with different names */
export function checkSources(what: string, sources: unknown): void {
  if (!Array.isArray(sources)) throw new TypeError(`${what}: option 'sources': expected a list, got ${shown(sources)}`)
  const names = new Set<string>()
  for (const [i, source] of sources.entries()) {
    if (source?.kind !== 'source')
      throw new TypeError(
        `${what}: option 'sources'[${i}]: expected a source as defineSource returns it, got ${shown(source)}`,
      )
    if (names.has(source.name)) throw new TypeError(`${what}: two sources are named '${source.name}'`)
    names.add(source.name)
  }
}
