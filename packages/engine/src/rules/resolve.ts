import type { MappedText } from '../text/mapped.ts'
import type { Problem } from '../text/problem.ts'
import type { BadNames, NamedKind } from './bad-names.ts'
import type { Collector } from './collect.ts'
import type { CollectedRule } from './collected.ts'
import { type Context, FollowUp, LimitFailure, LoadFailure } from './context.ts'
import { withExceptions } from './exceptions.ts'
import { conditionProblem, type Origins, type Remark } from './expression.ts'
import { ListExpander, type ResolvedList, resolveLists } from './lists.ts'
import { type ClosedCondition, type MacroBody, MacroResolver } from './macros.ts'
import { Memo } from './memo.ts'
import { type OutputText, outputOf, outputProblem } from './output.ts'
import { type ParsedCondition, parseItemCondition } from './parsed.ts'
import { priorityLevel } from './priority.ts'
import type { Finding, Findings, LoaderOptions, ResolvedRule, RuleChecks } from './rule.ts'
import { isSelected } from './select.ts'
import { warningsOf } from './warnings.ts'

/** What Falco says when a field or an event type does not exist: skip-if-unknown-filter is about these. */
const UNKNOWN = /nonexistent field|invalid formatting token|unknown event type|unknown filter:/

const UNKNOWN_FIELD = /nonexistent field/

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
   * Resolves everything and has each rule compiled; what is wrong is added to `errors` and marked as bad, warnings are
   * added to `warnings`. With errors, from here or from before, nothing is said about unused items.
   * @throws {LimitFailure}
   */
  resolve(collected: Collector, file: Origins['file'], errors: Problem[], warnings: Problem[]): ResolvedRule[] {
    const { bad } = collected
    const attempt = <T>(kind: NamedKind, name: string, make: () => T): T | undefined => {
      try {
        return make()
      } catch (error) {
        if (error instanceof FollowUp) return undefined
        if (!(error instanceof LoadFailure) || error instanceof LimitFailure) throw error
        errors.push(...error.problems)
        bad.add(kind, name)
        return undefined
      }
    }
    this.#lists = resolveLists(collected.lists, this.#lists)
    const expander = new ListExpander(this.#lists)
    const parse = (key: string, text: MappedText, context: Context) =>
      parseItemCondition(key, text, context, expander, this.#parsed, bad)
    const parsed = new Map<string, MacroBody>()
    for (const macro of collected.macros.values()) {
      const { name, condition, context } = macro
      if (bad.has('macro', name)) continue
      parsed.set(name, { macro, parsed: attempt('macro', name, () => parse(`macro ${name}`, condition, context)) })
    }
    const macros = new MacroResolver(parsed, this.#closed, bad)
    const usedMacros = new Set<string>()
    const usedLists = new Set([...this.#lists.values()].flatMap(list => [...list.uses]))
    const use = (closed: ClosedCondition) => {
      for (const name of closed.macros) usedMacros.add(name)
      for (const name of closed.lists) usedLists.add(name)
    }
    for (const name of parsed.keys()) {
      const closed = macros.macro(name)
      if (closed) use(closed)
    }
    for (const [name, { problems }] of macros.failures) {
      errors.push(...problems)
      bad.add('macro', name)
    }
    const origins: Origins = { file, macro: name => parsed.get(name)?.parsed?.text }
    const rules: ResolvedRule[] = []
    for (const rule of collected.rules.values()) {
      const { name, context } = rule
      if (rule.unknownSource || bad.has('rule', name)) continue
      const resolved = attempt('rule', name, () => {
        const text = this.#excepted.get(name, [rule.condition, rule.exceptions], () =>
          withExceptions(rule.condition, rule.exceptions),
        )
        const condition = parse(`rule ${name}`, text, context)
        const closed = macros.close(`rule ${name}`, condition, context)
        use(closed)
        return this.#rule(rule, condition, closed)
      })
      if (resolved && this.#check(rule, resolved, origins, bad, errors, warnings)) rules.push(resolved)
    }
    if (errors.length > 0 || bad.any) return rules
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
  #check(
    rule: CollectedRule,
    resolved: ResolvedRule,
    origins: Origins,
    bad: BadNames,
    errors: Problem[],
    warnings: Problem[],
  ): boolean {
    const { errors: wrong, warnings: found } = this.#findings.get(rule.name, [resolved], () =>
      this.#checks.compile(resolved),
    )
    const problem = (finding: Finding): Problem => {
      if (finding.part === 'output') return outputProblem(rule.context, resolved.outputText, finding, origins)
      if (finding.part === 'rule') return rule.context.problem(finding.code, finding.message, finding.deprecatedField)
      return conditionProblem(rule.context, resolved.conditionText, resolved.condition, finding, origins)
    }
    warnings.push(...this.#output(rule).warnings.map(problem))
    const error = wrong[0]
    if (error && rule.skipIfUnknownFilter && UNKNOWN.test(error.message)) {
      warnings.push(problem({ ...error, code: 'LOAD_UNKNOWN_FILTER' }))
      return false
    }
    const remarks = this.#remarks.get(rule.name, [resolved.condition], () => warningsOf(resolved.condition))
    for (const remark of remarks) warnings.push(problem({ ...remark, part: 'condition' }))
    for (const finding of found) warnings.push(problem(finding))
    if (!error) return true
    // Without all of its lists a condition may well not compile.
    const excused = bad.incomplete || resolved.lists.some(name => bad.has('list', name))
    for (const finding of wrong)
      if (!excused || finding.part !== 'condition' || UNKNOWN_FIELD.test(finding.message)) errors.push(problem(finding))
    bad.add('rule', rule.name)
    return false
  }
}
