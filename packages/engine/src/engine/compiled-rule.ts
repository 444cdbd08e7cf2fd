import type { AlertTemplate } from '../alert/plan.ts'
import { parseTemplate } from '../alert/template.ts'
import { lower } from '../bytecode/lower.ts'
import { lowerOperand } from '../bytecode/operand.ts'
import type { Node } from '../bytecode/tree.ts'
import { ConditionError } from '../condition/error.ts'
import { fieldsOf } from '../condition/walk.ts'
import type { FieldTable } from '../fields/table.ts'
import type { Finding, Findings } from '../rules/finding.ts'
import type { Resolution } from '../rules/resolve.ts'
import type { ResolvedRule } from '../rules/rule.ts'
import type { EventTypeAnalysis } from '../ruleset/event-types.ts'
import { matchesManyTypes, matchesUnnamedTypes } from '../ruleset/many-types.ts'
import type { ProblemCode } from '../text/problem.ts'
import { type AppendOutput, type AppendOutputFormat, appendOutput } from './append-output.ts'
import { deprecatedFields } from './rule-warnings.ts'

/** A rule checked against its source: its condition as a tree, its templates parsed. */
export interface CompiledRule {
  readonly rule: ResolvedRule
  readonly node: Node
  /** The output with the additions of append_output. */
  readonly output: string
  readonly alert: AlertTemplate
  /** How many event types it can match; undefined where the source has no event types. */
  readonly typeCount: number | undefined
}

/** The properties of a source that compiling a rule needs. */
export interface SourceContext {
  readonly table: FieldTable
  readonly types: EventTypeAnalysis | undefined
}

/** A rule as it is compiled, with what compiling found in it. */
export interface Compilation {
  readonly compiled: CompiledRule | undefined
  readonly findings: Findings
}

export interface CompiledRules {
  /** The rules of a state that compile. */
  rules(state: Resolution): CompiledRule[]
  /** The findings of compiling a rule of any state. */
  findings(rule: ResolvedRule): Findings
}

/**
 * Loading, stage 4: closed rules → clauses over their source's fields, and parsed output templates, when they are asked for.
 * @param known rules that have been compiled with the same sources and additions; new ones are added
 */
export function compile(
  sources: ReadonlyMap<string, SourceContext>,
  append: readonly (AppendOutput | AppendOutputFormat)[] = [],
  known = new WeakMap<ResolvedRule, Compilation>(),
): CompiledRules {
  // A rule that a file does not affect is the same object before and after it.
  const compilation = (rule: ResolvedRule) => {
    let found = known.get(rule)
    if (!found) known.set(rule, (found = compileRule(rule, sources, append)))
    return found
  }
  return {
    rules: state => [...state.rules.values()].flatMap(rule => compilation(rule).compiled ?? []),
    findings: rule => compilation(rule).findings,
  }
}

/** Compiles a rule's condition and output; never throws. */
function compileRule(
  rule: ResolvedRule,
  sources: ReadonlyMap<string, SourceContext>,
  append: readonly (AppendOutput | AppendOutputFormat)[],
): Compilation {
  const { table, types } = sources.get(rule.source)!
  const warnings: Finding[] = []
  const errors: Finding[] = []
  let node: Node | undefined
  let typeCount: number | undefined
  let many = false
  try {
    const lowered = lower(rule.condition, table)
    node = lowered.node
    for (const { message, span, place } of lowered.warnings)
      warnings.push({ code: 'LOAD_COMPILE_CONDITION', message, part: 'condition', span, place })
    typeCount = types?.typesOf(rule.condition).toArray().length
    // Falco warns for its system call source only, which always lists its types.
    many = types
      ? matchesManyTypes(rule.condition, types)
      : rule.source === 'syscall' && matchesUnnamedTypes(rule.condition, 'evt.type')
  } catch (error) {
    const finding = rejected(error, 'LOAD_ERR_COMPILE_CONDITION', 'condition')
    const hint = finding.cause === 'unknown-field' ? otherSource(rule, table, sources) : ''
    errors.push({ ...finding, message: finding.message + hint })
  }
  if (node) warnings.push(...deprecatedFields(rule, table))
  if (rule.warnEvttypes && many) {
    const message = 'Rule matches too many evt.type values. This has a significant performance penalty.'
    warnings.push({ code: 'LOAD_NO_EVTTYPE', message, part: 'condition' })
  }
  try {
    const appended = appendOutput(rule, rule.output, append, table)
    const alert: AlertTemplate = {
      rule: rule.name,
      priority: rule.priority,
      source: rule.source,
      tags: rule.tags,
      message: template(appended.output, table),
      extra: appended.fields.map(extra => ({
        name: extra.name,
        template: template(extra.template, table),
        raw: extra.raw,
      })),
      ...(appended.kept.length > 0 && { kept: appended.kept }),
    }
    if (!node || errors.length > 0) return { compiled: undefined, findings: { errors, warnings } }
    const compiled = { rule, node, output: appended.output, alert, typeCount }
    return { compiled, findings: { errors, warnings } }
  } catch (error) {
    errors.push(rejected(error, 'LOAD_ERR_COMPILE_OUTPUT', 'output'))
    return { compiled: undefined, findings: { errors, warnings } }
  }
}

/** Parses a template and checks its transformers against the source. @throws {ConditionError} */
function template(text: string, table: FieldTable) {
  const parsed = parsedTemplate(text, table)
  for (const token of parsed) {
    if (token.kind !== 'value') continue
    const span = token.operand.span ?? { offset: 0, line: 1, column: 1, length: text.length }
    lowerOperand(token.operand, table, { span })
  }
  return parsed
}

function parsedTemplate(text: string, table: FieldTable) {
  try {
    return parseTemplate(text, (name, arg) => table.lookup(name, arg) !== undefined)
  } catch (error) {
    if (!(error instanceof ConditionError) || error.code !== 'unknown-field') throw error
    const { code, message, span } = error
    const name = text.slice(span.offset + 1, span.offset + span.length).replace(/\[.*/, '')
    const guess = table.nearest(name)
    const unhelpful = guess === undefined || guess === name
    throw new ConditionError(code, unhelpful ? message : `${message}, did you mean ${guess}?`, span)
  }
}

/** A hint for a rule whose fields are those of another source. */
function otherSource({ condition }: ResolvedRule, table: FieldTable, sources: ReadonlyMap<string, SourceContext>) {
  const unknown = fieldsOf(condition).find(({ name, arg }) => !table.lookup(name, arg))
  if (!unknown) return ''
  const other = [...sources].find(([, { table }]) => table.lookup(unknown.name, unknown.arg))?.[0]
  return other === undefined ? '' : `: it belongs to source ${other}: add 'source: ${other}' to the rule`
}

function rejected(error: unknown, code: ProblemCode, part: Finding['part']): Finding {
  if (!(error instanceof ConditionError))
    return { code, message: error instanceof Error ? error.message : String(error), part }
  const { message, span, place, code: cause } = error
  return { code, message, part, span, place, cause }
}
