import type { MappedText } from '../text/mapped.ts'
import type { Problem } from '../text/problem.ts'
import type { Collector } from './collect.ts'
import type { CollectedMacro, CollectedRule } from './collected.ts'
import { LoadFailure } from './context.ts'
import { withExceptions } from './exceptions.ts'
import { conditionProblem, type Origins, type Remark } from './expression.ts'
import { ListExpander, type ResolvedList, resolveLists } from './lists.ts'
import { type ClosedCondition, MacroResolver } from './macros.ts'
import { Memo } from './memo.ts'
import { type OutputText, outputOf, outputProblem } from './output.ts'
import { type ParsedCondition, parseItemCondition } from './parsed.ts'
import { priorityLevel } from './priority.ts'
import type { Finding, Findings, LoaderOptions, ResolvedRule, RuleChecks } from './rule.ts'
import { isSelected } from './select.ts'
import { warningsOf } from './warnings.ts'

/** What Falco says when a field or an event type does not exist: skip-if-unknown-filter is about these. */
const UNKNOWN = /nonexistent field|invalid formatting token|unknown event type|unknown filter:/

/**
 * From the collected items to closed rules, as often as wanted: what has not changed since the last time is not done
 * again.
 */
export class Resolver {
  readonly #checks: RuleChecks
  readonly #options: LoaderOptions
  readonly #parsed = new Memo<ParsedCondition>()
  readonly #excepted = new Memo<MappedText>()
  readonly #outputs = new Memo<OutputText>()
  readonly #closed = new Memo<ClosedCondition>()
  readonly #rules = new Memo<ResolvedRule>()
  readonly #remarks = new Memo<Remark[]>()
  readonly #findings = new Memo<Findings>()
  #lists: ReadonlyMap<string, ResolvedList> = new Map()

  constructor(checks: RuleChecks, options: LoaderOptions) {
    this.#checks = checks
    this.#options = options
  }

  /**
   * Resolves everything and has each rule compiled; warnings are added to `warnings`.
   * @throws {LoadFailure} at the first error.
   */
  resolve(collected: Collector, file: Origins['file'], warnings: Problem[]): ResolvedRule[] {
    this.#lists = resolveLists(collected.lists, this.#lists)
    const expander = new ListExpander(this.#lists)
    const parsed = new Map<string, { macro: CollectedMacro; parsed: ParsedCondition }>()
    for (const macro of collected.macros.values())
      parsed.set(macro.name, {
        macro,
        parsed: parseItemCondition(`macro ${macro.name}`, macro.condition, macro.context, expander, this.#parsed),
      })
    const macros = new MacroResolver(parsed, this.#closed)
    const usedMacros = new Set<string>()
    const usedLists = new Set([...this.#lists.values()].flatMap(list => [...list.uses]))
    const use = (closed: ClosedCondition) => {
      for (const name of closed.macros) usedMacros.add(name)
      for (const name of closed.lists) usedLists.add(name)
    }
    for (const name of collected.macros.keys()) use(macros.macro(name))
    const origins: Origins = { file, macro: name => parsed.get(name)?.parsed.text }
    const rules: ResolvedRule[] = []
    for (const rule of collected.rules.values()) {
      if (rule.unknownSource) continue
      const text = this.#excepted.get(rule.name, [rule.condition, rule.exceptions], () =>
        withExceptions(rule.condition, rule.exceptions),
      )
      const condition = parseItemCondition(`rule ${rule.name}`, text, rule.context, expander, this.#parsed)
      const closed = macros.close(`rule ${rule.name}`, condition, rule.context)
      use(closed)
      const resolved = this.#rule(rule, condition, closed)
      if (this.#check(rule, resolved, origins, warnings)) rules.push(resolved)
    }
    for (const { name, context } of collected.macros.values())
      if (!usedMacros.has(name))
        warnings.push(context.problem('LOAD_UNUSED_MACRO', 'Macro not referred to by any other rule/macro'))
    for (const { name, context } of collected.lists.values())
      if (!usedLists.has(name))
        warnings.push(context.problem('LOAD_UNUSED_LIST', 'List not referred to by any other rule/macro'))
    return rules
  }

  #rule(rule: CollectedRule, parsed: ParsedCondition, closed: ClosedCondition): ResolvedRule {
    const output = this.#output(rule)
    return this.#rules.get(rule.name, [rule, parsed, closed], (): ResolvedRule => {
      const threshold = this.#options.priority ?? 'Debug'
      const belowPriority = priorityLevel(rule.priority) > priorityLevel(threshold)
      return {
        name: rule.name,
        source: rule.source,
        priority: rule.priority,
        tags: rule.tags,
        enabled: !belowPriority && isSelected(rule, this.#options.ruleSelection ?? []),
        belowPriority,
        desc: rule.desc,
        condition: closed.condition,
        conditionText: parsed.text,
        conditionWritten: rule.condition,
        output: output.text.text,
        outputText: output.text,
        warnEvttypes: rule.warnEvttypes,
        skipIfUnknownFilter: rule.skipIfUnknownFilter,
        capture: rule.capture,
        captureDuration: rule.captureDuration,
        exceptions: rule.exceptions.map(({ name, fields, comps, values, range }) => ({
          name,
          fields: fields.map(field => field.text),
          comps,
          values: values.length,
          place: range,
        })),
        index: rule.index,
        visibility: rule.visibility,
        macros: [...closed.macros].sort(),
        lists: [...closed.lists].sort(),
        locations: rule.context.locations,
      }
    })
  }

  #output(rule: CollectedRule): OutputText {
    return this.#outputs.get(rule.name, [rule.output], () => outputOf(rule.output))
  }

  /** False when the rule is to be left out. */
  #check(rule: CollectedRule, resolved: ResolvedRule, origins: Origins, warnings: Problem[]): boolean {
    const { errors, warnings: found } = this.#findings.get(rule.name, [resolved], () => this.#checks.compile(resolved))
    const problem = (finding: Finding): Problem => {
      if (finding.part === 'output') return outputProblem(rule.context, resolved.outputText, finding, origins)
      if (finding.part === 'rule') return rule.context.problem(finding.code, finding.message, finding.deprecatedField)
      return conditionProblem(rule.context, resolved.conditionText, resolved.condition, finding, origins)
    }
    warnings.push(...this.#output(rule).warnings.map(problem))
    const error = errors[0]
    if (error && rule.skipIfUnknownFilter && UNKNOWN.test(error.message)) {
      warnings.push(problem({ ...error, code: 'LOAD_UNKNOWN_FILTER' }))
      return false
    }
    const remarks = this.#remarks.get(rule.name, [resolved.condition], () => warningsOf(resolved.condition))
    for (const remark of remarks) warnings.push(problem({ ...remark, part: 'condition' }))
    for (const finding of found) warnings.push(problem(finding))
    if (error) throw LoadFailure.of(problem(error))
    return true
  }
}
