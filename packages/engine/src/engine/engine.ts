import type { Alert } from '../alert/alert.ts'
import { evaluateTree } from '../bytecode/evaluate-tree.ts'
import { type EventContext, eventContext } from '../fields/evt.ts'
import type { Source } from '../fields/field.ts'
import { type FieldTable, fieldTable } from '../fields/table.ts'
import { RuleLoader } from '../rules/loader.ts'
import { type Priority, parsePriority } from '../rules/priority.ts'
import type { PluginVersion, ResolvedRule, RuleChecks } from '../rules/rule.ts'
import { EventTypeAnalysis } from '../ruleset/event-types.ts'
import type { Explanation } from '../testing/explanation.ts'
import { buildRules } from './build.ts'
import { type Compilation, type CompiledRule, compileRule } from './compiled-rule.ts'
import { Detector } from './detector.ts'
import { explainRule } from './explain.ts'
import type { LoadedRule, LoadReport, RulesFile } from './loaded-rule.ts'
import type { EngineOptions } from './options.ts'
import type { RunOptions } from './run.ts'
import { saveRuleset } from './save.ts'
import type { EngineStats } from './stats.ts'

/** A source with what does not change when rules are loaded. */
interface SourceState {
  readonly table: FieldTable
  readonly types: EventTypeAnalysis | undefined
  readonly context: EventContext
}

/**
 * Loads rules and evaluates events. Rules are read, merged, resolved and compiled when they are loaded; an event only
 * runs the program of its type.
 */
export class Engine {
  readonly options: EngineOptions
  readonly #sources = new Map<string, SourceState>()
  /** Those of the sources and those of the options; of one name, the options' alone. */
  readonly #plugins: readonly PluginVersion[]
  #compiled: readonly CompiledRule[] = []
  /** The loaded rules; loading puts another one in its place. */
  #detector: Detector

  /** @throws {TypeError} for an option that means nothing: two sources of one name, an unknown priority */
  constructor(options: EngineOptions) {
    this.options = options
    priorityOf(options)
    this.#plugins = pluginsOf(options)
    const plugins = this.#plugins.map(({ name }) => name)
    for (const source of options.sources) {
      if (this.#sources.has(source.name)) throw new TypeError(`two sources are named '${source.name}'`)
      const context = eventContext(options.hostname)
      this.#sources.set(source.name, {
        table: fieldTable(source, { context, plugins, staticFields: options.staticFields }),
        types: source.eventTypes && source.eventType ? new EventTypeAnalysis(source.eventTypes) : undefined,
        context,
      })
    }
    this.#detector = this.#detectorOf([])
  }

  /**
   * Loads rules files, in this order, in place of the rules that are loaded now. When anything is wrong with them
   * (`ok` is false), the old rules stay. Never throws for what a file holds.
   */
  load(files: readonly RulesFile[]): LoadReport {
    // 1. read, merge and resolve; the loader asks for each rule to be compiled and for what that finds
    const compilations = new Map<string, { rule: ResolvedRule; compilation: Compilation }>()
    const loader = new RuleLoader(this.#checks(compilations), {
      priority: priorityOf(this.options),
      ruleSelection: this.options.ruleSelection ?? [],
      plugins: this.#plugins,
    })
    for (const { name, content } of files) loader.addFile(name, content)
    const result = loader.finish()
    if (!result.ok) return { ...result, rules: [] }

    // 2. index and compile the enabled rules of each source
    const compiled = result.rules.flatMap(rule => compilations.get(rule.name)?.compilation.compiled ?? [])
    this.#detector = this.#detectorOf(compiled)
    this.#compiled = compiled
    return { ...result, rules: compiled.map(toLoadedRule) }
  }

  /**
   * The alerts of an event, usually none; then it is always the same frozen array. Nothing that an event holds makes it throw.
   * @throws {TypeError} for a source that the engine was not given
   */
  evaluate(source: Source | string, event: unknown): Alert[] {
    return this.#detector.evaluate(source, event)
  }

  /**
   * The outcome of the last evaluation is void, the same event will come again: it does not count. What could not be read,
   * and events that were let go, stay counted.
   */
  takeBack(): void {
    this.#detector.takeBack()
  }

  /** Evaluates events as they come; ends with them, or at `signal`. @throws {TypeError} when it is not clear which source they are of */
  run<E>(events: AsyncIterable<E> | Iterable<E>, options: RunOptions = {}): AsyncIterable<Alert> {
    return this.#detector.run(events, options)
  }

  /**
   * Why a rule gives an alert for an event or does not: every check with its value. Counts nothing.
   * @throws {TypeError} for a source or rule that is not there
   */
  explain(source: Source | string, event: unknown, rule: string): Explanation {
    const { table } = this.#state(source)
    const own = this.#compiled.filter(c => c.rule.source === table.source.name)
    const at = own.findIndex(c => c.rule.name === rule)
    if (at < 0) throw new TypeError(`source '${table.source.name}' has no rule '${rule}'`)
    const first = this.options.ruleMatching !== 'all'
    const earlier = first ? own.slice(0, at).find(c => c.rule.enabled && evaluateTree(c.node, event)) : undefined
    return explainRule(own[at]!, event, earlier?.rule.name)
  }

  /**
   * The event types that rules can match: per type of the source 1 or 0, so that events of other types need not even be
   * decoded; `all` when the source has no event types.
   */
  wantedTypes(source: Source | string): Uint8Array | 'all' {
    return this.#detector.wantedTypes(source)
  }

  /** What has been counted since rules were last loaded. */
  stats(): EngineStats {
    return this.#detector.stats()
  }

  /** The enabled rules as bytes, for `loadRuleset` of `@falc/engine/runtime`, which needs no parser. */
  save(): Uint8Array {
    const sources = [...this.#sources.values()].map(({ table }) => ({
      table,
      rules: this.#enabled(this.#compiled, table),
    }))
    return saveRuleset(
      sources,
      this.options,
      this.#plugins.map(({ name }) => name),
    )
  }

  #detectorOf(compiled: readonly CompiledRule[]): Detector {
    const sources = [...this.#sources.values()]
    return new Detector(
      sources.map(({ table, context }) => buildRules(this.#enabled(compiled, table), table, context, this.options)),
    )
  }

  #enabled(compiled: readonly CompiledRule[], { source }: FieldTable): CompiledRule[] {
    return compiled.filter(({ rule }) => rule.enabled && rule.source === source.name)
  }

  #checks(compilations: Map<string, { rule: ResolvedRule; compilation: Compilation }>): RuleChecks {
    return {
      hasSource: name => this.#sources.has(name),
      isField: (source, name, arg) => this.#sources.get(source)?.table.lookup(name, arg) !== undefined,
      compile: rule => {
        const compilation = compileRule(rule, this.#state(rule.source), this.options.appendOutput ?? [])
        compilations.set(rule.name, { rule, compilation })
        return compilation.findings
      },
    }
  }

  #state(source: Source | string): SourceState {
    const name = typeof source === 'string' ? source : source.name
    const state = this.#sources.get(name)
    if (!state) throw new TypeError(`the engine has no source '${name}'`)
    return state
  }
}

function priorityOf({ priority }: EngineOptions): Priority {
  if (priority === undefined) return 'Debug'
  const known = parsePriority(priority)
  if (known === undefined) throw new TypeError(`unknown priority '${priority}'`)
  return known
}

function pluginsOf({ sources, plugins = [] }: EngineOptions): PluginVersion[] {
  const named = new Set(plugins.map(({ name }) => name))
  return [...sources.flatMap(source => source.plugins ?? []).filter(({ name }) => !named.has(name)), ...plugins]
}

function toLoadedRule({ rule, output, typeCount }: CompiledRule): LoadedRule {
  const { name, source, priority, tags, enabled, desc, condition, exceptions } = rule
  const { capture, captureDuration, macros, lists } = rule
  const conditionText = rule.conditionWritten.text
  return {
    ...{ name, source, priority, tags, enabled, desc, condition, conditionText, output },
    ...{ exceptions, capture, captureDuration, macros, lists, typeCount },
  }
}
