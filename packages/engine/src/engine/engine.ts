import { evaluateTree } from '../bytecode/evaluate-tree.ts'
import { type EventContext, eventContext } from '../fields/evt.ts'
import type { ExtractErrors } from '../fields/failures.ts'
import type { Source } from '../fields/field.ts'
import { type FieldTable, fieldTable } from '../fields/table.ts'
import { RuleLoader } from '../rules/loader.ts'
import { type Priority, parsePriority } from '../rules/priority.ts'
import type { PluginVersion, ResolvedRule, RuleChecks } from '../rules/rule.ts'
import { EventTypeAnalysis } from '../ruleset/event-types.ts'
import { TreeEvaluator } from '../ruleset/tree-evaluator.ts'
import type { Explanation } from '../testing/explanation.ts'
import { type Compilation, type CompiledRule, compileRule } from './compiled-rule.ts'
import { Detector } from './detector.ts'
import { explainRule } from './explain.ts'
import type { LoadedRule, LoadReport, RulesFile } from './loaded-rule.ts'
import type { EngineOptions } from './options.ts'
import { type PlannedRules, saveRuleset } from './save.ts'
import { planSource } from './source-plan.ts'
import { SourceRules } from './source-rules.ts'

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
export class Engine extends Detector {
  readonly options: EngineOptions
  readonly #sources = new Map<string, SourceState>()
  /** Those of the sources and those of the options; of one name, the options' alone. */
  readonly #plugins: readonly PluginVersion[]
  /** All loaded rules, and per source the plan of those that are enabled. */
  #compiled: readonly CompiledRule[] = []
  #planned: readonly PlannedRules[] = []

  /** @throws {TypeError} for an option that means nothing: two sources of one name, an unknown priority */
  constructor(options: EngineOptions) {
    super([])
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
    this.#run([])
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
    this.#run(compiled)
    return { ...result, rules: compiled.map(toLoadedRule) }
  }

  /**
   * Why a rule gives an alert for an event or does not: every check with its value. Counts nothing.
   * @throws {TypeError} for a source or rule that is not there
   */
  explain<E>(source: Source<E> | string, event: NoInfer<E>, rule: string): Explanation {
    const { table, context } = this.#state(source)
    // Another event than the last one that was evaluated.
    context.time = undefined
    const own = this.#compiled.filter(c => c.rule.source === table.source.name)
    const at = own.findIndex(c => c.rule.name === rule)
    if (at < 0) throw new TypeError(`source '${table.source.name}' has no rule '${rule}'`)
    const first = this.options.ruleMatching !== 'all'
    const earlier = first ? own.slice(0, at).find(c => c.rule.enabled && evaluateTree(c.node, event)) : undefined
    return explainRule(own[at]!, event, earlier?.rule.name)
  }

  /** The enabled rules as bytes, for `loadRuleset` of `@falc/engine/runtime`, which needs no parser. */
  save(): Uint8Array {
    return saveRuleset(
      this.#planned,
      this.options,
      this.#plugins.map(({ name }) => name),
    )
  }

  /** Puts compiled rules to work. */
  #run(compiled: readonly CompiledRule[]): void {
    const { hostname, timeFormatIso8601: iso8601, ruleMatching, backend, onError, tuning } = this.options
    const settings = { hostname, iso8601, backend, onError, first: ruleMatching !== 'all' }
    const planned: PlannedRules[] = []
    const running = [...this.#sources.values()].map(({ table, context }) => {
      const rules = compiled.filter(({ rule }) => rule.enabled && rule.source === table.source.name)
      const plan = planSource(
        rules.map(({ node }) => node),
        table,
        tuning,
      )
      const alerts = rules.map(({ alert }) => alert)
      planned.push({ plan, alerts })
      const walker = (bucket: number, errors: ExtractErrors) => new TreeEvaluator(plan.roots[bucket]!, errors)
      return new SourceRules(plan, context, alerts, settings, tuning?.treeWalk ? walker : undefined)
    })
    this.#compiled = compiled
    this.#planned = planned
    this.install(running)
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
