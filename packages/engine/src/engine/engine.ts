import { AlertPlan } from '../alert/plan.ts'
import { evaluateTree } from '../bytecode/evaluate-tree.ts'
import { Coverage } from '../explain/coverage.ts'
import type { Explanation } from '../explain/explanation.ts'
import { checkOptions } from '../fields/check-options.ts'
import { type EventContext, eventContext } from '../fields/evt.ts'
import type { ExtractErrors } from '../fields/failures.ts'
import type { Source } from '../fields/field.ts'
import { type FieldTable, fieldTable } from '../fields/table.ts'
import { collect, collectAll, type SourceCheck } from '../rules/collect.ts'
import { PRIORITIES, parsePriority } from '../rules/priority.ts'
import { read } from '../rules/read.ts'
import { report } from '../rules/report.ts'
import { resolve } from '../rules/resolve.ts'
import type { PluginVersion, ResolvedRule, ResolveOptions } from '../rules/rule.ts'
import { EventTypeAnalysis } from '../ruleset/event-types.ts'
import { TreeEvaluator } from '../ruleset/tree-evaluator.ts'
import type { Analysis, Foundation } from './analysis.ts'
import { type Compilation, type CompiledRule, compile } from './compiled-rule.ts'
import { Detector, noSource } from './detector.ts'
import { explainRule } from './explain-rule.ts'
import { type FieldUse, useOf } from './field-use.ts'
import { type IndexedRules, index } from './index-rules.ts'
import { checkFiles, type LoadedRule, type LoadReport, type RulesFile } from './loaded-rule.ts'
import { checkSources, ENGINE_OPTIONS, type EngineOptions } from './options.ts'
import { saveRuleset } from './save.ts'
import { fieldsOfNodes } from './source-plan.ts'
import { SourceRules } from './source-rules.ts'

/** The event types and fields that a rule uses. */
export interface RuleUse {
  readonly rule: string
  /** Event types that it can match; `all` where the source has none. */
  readonly types: readonly number[] | 'all'
  readonly condition: readonly FieldUse[]
  readonly output: readonly FieldUse[]
}

/** A source, with everything that stays the same when rules are loaded. */
interface SourceState {
  readonly table: FieldTable
  readonly types: EventTypeAnalysis | undefined
  readonly context: EventContext
}

/**
 * Loads rules and evaluates events. Rules are read, merged, resolved and compiled when they are loaded; an event only
 * runs the program of its type.
 */
export class Engine<S extends Source = Source> extends Detector<S> {
  readonly options: EngineOptions<S>
  readonly #sources = new Map<string, SourceState>()
  /** The properties of sources that loading needs. */
  readonly #fields: SourceCheck = {
    sources: this.#sources,
    isField: (source, name, arg) => this.#sources.get(source)?.table.lookup(name, arg) !== undefined,
  }
  /** Of the sources and the options; for the same name, the options' take precedence. */
  readonly #plugins: readonly PluginVersion[]
  readonly #compilations = new WeakMap<ResolvedRule, Compilation>()
  /** All loaded rules, and per source the plan of those that are enabled. */
  #compiled: readonly CompiledRule[] = []
  #indexed: readonly IndexedRules[] = []

  /** @throws {TypeError} for an unknown option or value, with what is allowed */
  constructor(options: EngineOptions<S>) {
    checkOptions('Engine', options, ENGINE_OPTIONS)
    checkSources('Engine', options.sources)
    if (parsePriority(options.priority ?? 'Debug') === undefined)
      throw new TypeError(`Engine: unknown priority '${options.priority}'; allowed: ${PRIORITIES.join(', ')}`)
    super([])
    this.options = options
    this.#plugins = pluginsOf(options)
    const plugins = this.#plugins.map(({ name }) => name)
    for (const source of options.sources) {
      const context = eventContext(options.hostname)
      this.#sources.set(source.name, {
        table: fieldTable(source, { context, plugins, staticFields: options.staticFields }),
        types: source.eventTypes && source.eventType ? new EventTypeAnalysis(source.eventTypes) : undefined,
        context,
      })
    }
    this.#run([], index([], this.#sources, options.tuning))
  }

  /**
   * Loads rules files, in this order; they replace the loaded rules. With any error (`ok` is false) the old rules stay.
   * Never throws for the content of a file.
   * @throws {TypeError} for anything else than a list of files with a name and text
   */
  load(files: readonly RulesFile[]): LoadReport {
    const analysis = this.analyse(files)
    if (!analysis.result.ok) return { ...analysis.result, rules: [] }
    const { rules } = analysis
    this.#run(rules, index(rules, this.#sources, this.options.tuning))
    return { ...analysis.result, rules: rules.map(toLoadedRule) }
  }

  /**
   * As `load`, but the loaded rules stay: what each stage makes of the files, for tools (`@falc/engine/analysis`).
   * @param after the foundation of the files: it is not resolved or compiled again, and is not part of `files`
   */
  analyse(files: readonly RulesFile[], after?: Foundation): Analysis {
    checkFiles(files)
    const texts = files.map(read)
    const collected = collect(texts, this.#fields, after?.resolution.collection)
    const resolved = resolve(collected, this.#resolving, after?.resolution)
    const compiled = compile(this.#sources, this.options.appendOutput, this.#compilations)
    // File by file: the states after all of them, at once, would take memory by the square of their number.
    const { result, resolution } = report(texts, resolved, compiled, {
      plugins: this.#plugins,
      warnings: this.options.loadWarnings,
      before: after,
    })
    return { files: texts, resolution, rules: resolution ? compiled.rules(resolution) : [], result }
  }

  /** The definitions of files, for `analyse` of later files. Nothing is reported in them. */
  foundation(files: readonly RulesFile[]): Foundation {
    checkFiles(files)
    const texts = files.map(read)
    return { files: texts, resolution: resolve([collectAll(texts, this.#fields)], this.#resolving).next().value! }
  }

  get #resolving(): ResolveOptions {
    const { priority, ruleSelection = [] } = this.options
    return { priority: parsePriority(priority ?? 'Debug')!, ruleSelection }
  }

  /**
   * Why a rule raises an alert for an event, or why not: every check with its value. Counts nothing.
   * @throws {TypeError} for an unknown source or rule
   */
  explain<E>(source: Source<E> | string, event: NoInfer<E>, rule: string): Explanation {
    const { table, context } = this.#state(source)
    // The time that is kept belongs to the last evaluated event.
    context.time = undefined
    const own = this.#compiled.filter(c => c.rule.source === table.source.name)
    const at = own.findIndex(c => c.rule.name === rule)
    if (at < 0) throw new TypeError(`source '${table.source.name}' has no rule '${rule}'`)
    const first = this.options.ruleMatching !== 'all'
    const earlier = first ? own.slice(0, at).find(c => c.rule.enabled && evaluateTree(c.node, event)) : undefined
    return explainRule(own[at]!, event, earlier?.rule.name)
  }

  /** Counts which parts of a source's loaded rules decide over recorded events: which of them do tests need? */
  coverage<E>(source: Source<E> | string): Coverage<E> {
    const { table, context } = this.#state(source)
    const own = this.#compiled.filter(({ rule }) => rule.source === table.source.name)
    return new Coverage(
      own.map(({ rule, node }) => ({ name: rule.name, node })),
      () => {
        context.time = undefined
      },
    )
  }

  /** What each enabled rule of a source asks of it, in the order of definition. */
  ruleUses(source: Source | string): RuleUse[] {
    const { table, types } = this.#state(source)
    return this.#compiled
      .filter(({ rule }) => rule.enabled && rule.source === table.source.name)
      .map(({ rule, node, alert }) => ({
        rule: rule.name,
        types: types === undefined ? 'all' : types.typesOf(rule.condition).toArray(),
        condition: [...fieldsOfNodes([node])].map(useOf),
        output: [...new Set(new AlertPlan(alert, table, {}).fieldsRead)].map(useOf),
      }))
  }

  /** The enabled rules as bytes, for `loadRuleset` of `@falc/engine/runtime`, which needs no parser. */
  save(): Uint8Array {
    return saveRuleset(
      this.#indexed,
      this.options,
      this.#plugins.map(({ name }) => name),
    )
  }

  /** Replaces the rules that events are evaluated against. */
  #run(compiled: readonly CompiledRule[], indexed: readonly IndexedRules[]): void {
    const { hostname, identity, timeFormatIso8601: iso8601, ruleMatching, backend, onError, tuning } = this.options
    const settings = { hostname, identity, iso8601, backend, onError, first: ruleMatching !== 'all' }
    const running = indexed.map(({ plan, alerts }) => {
      const walker = (bucket: number, errors: ExtractErrors) => new TreeEvaluator(plan.roots[bucket]!, errors)
      const { context } = this.#state(plan.table.source)
      return new SourceRules(plan, context, alerts, settings, tuning?.treeWalk ? walker : undefined)
    })
    this.#compiled = compiled
    this.#indexed = indexed
    this.install(running)
  }

  #state(source: Source | string): SourceState {
    const name = typeof source === 'string' ? source : source.name
    const state = this.#sources.get(name)
    if (!state) throw noSource(name, this.#sources.keys())
    return state
  }
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
    locations: rule.context.locations,
  }
}
