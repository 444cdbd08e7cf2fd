import { nameOf } from '../alert/format.ts'
import { parseTemplate } from '../alert/template.ts'
import { closeCondition } from '../bytecode/close-condition.ts'
import type { Condition } from '../condition/ast.ts'
import { ConditionError } from '../condition/error.ts'
import { printCondition } from '../condition/print.ts'
import { fieldsIn, fieldsOf, walk } from '../condition/walk.ts'
import type { Source } from '../fields/field.ts'
import { fieldTable } from '../fields/table.ts'
import { EventTypeAnalysis } from '../ruleset/event-types.ts'
import type { LoadedRule, LoadReport } from './loaded-rule.ts'

export interface DescribeOptions {
  readonly sources: readonly Source[]
  /** As in the options of the engine that loaded the rules: outputs may name them. */
  readonly staticFields?: Readonly<Record<string, string>> | undefined
  /** Describes this rule only: a list with its `info` and `details`. */
  readonly rule?: string | undefined
  /** The plugin that a field comes from, if any. Default: the plugin of the rule's source, for the source's own fields. */
  pluginOf?(field: string, source: string): string | undefined
}

type Description = { readonly info: Record<string, unknown>; readonly details: Record<string, unknown> }

export interface RulesDescription {
  readonly required_engine_version?: string
  readonly required_plugin_versions?: readonly Record<string, unknown>[]
  readonly lists?: readonly Description[]
  readonly macros?: readonly Description[]
  readonly rules: readonly Description[]
}

/** Loaded rules, macros and lists with everything they use, in the format of `falco -L` with json_output (`-l` for one rule). */
export function describeRules(report: LoadReport, options: DescribeOptions): RulesDescription {
  const rules = options.rule === undefined ? report.rules : report.rules.filter(({ name }) => name === options.rule)
  const described = rules.map(rule => describeRule(rule, report, options))
  if (options.rule !== undefined) return { rules: described }
  return {
    required_engine_version: report.requiredEngineVersion,
    required_plugin_versions: report.requiredPlugins.map(([first, ...alternatives]) => ({ ...first, alternatives })),
    lists: report.lists.map(list => describeList(list, report)),
    macros: report.macros.map(macro => describeMacro(macro, report, options)),
    rules: described,
  }
}

function describeRule(rule: LoadedRule, report: LoadReport, options: DescribeOptions): Description {
  const { name, conditionText, priority, output, desc, enabled, source, tags, capture, captureDuration } = rule
  const outputFields = fieldsOfOutput(output, options.sources.find(s => s.name === source)!, options.staticFields)
  const fields = fieldsOf(rule.condition).map(nameOf)
  const { exceptions } = rule
  return {
    info: {
      ...{ name, condition: conditionText, priority, output, description: desc, enabled, source, tags },
      ...{ capture, capture_duration: captureDuration },
    },
    details: {
      condition_compiled: printCondition(rule.condition),
      condition_fields: unique(fields),
      condition_operators: operators(rule.condition),
      events: eventNames(rule.condition, options.sources.find(s => s.name === source)!),
      exception_fields: unique(exceptions.flatMap(exception => exception.fields)),
      exception_names: exceptions.map(exception => exception.name),
      exception_operators: unique(exceptions.flatMap(exception => exception.comps)),
      lists: named(conditionText, report.lists),
      macros: named(conditionText, report.macros),
      output_compiled: output,
      output_fields: outputFields,
      plugins: plugins([...fields, ...outputFields], source, options),
    },
  }
}

function describeMacro(
  { name, condition }: LoadReport['macros'][number],
  report: LoadReport,
  options: DescribeOptions,
): Description {
  const closed = closeMacro(condition, report)
  const fields = closed ? fieldsOf(closed).map(nameOf) : []
  const sourceOf = (source: string) => options.sources.find(s => s.name === source)!
  const rules = report.rules.filter(rule => rule.macros.includes(name))
  return {
    info: { name, condition },
    details: {
      condition_compiled: closed ? printCondition(closed) : condition,
      condition_fields: unique(fields),
      condition_operators: closed ? operators(closed) : [],
      events: closed ? unique(rules.flatMap(rule => eventNames(closed, sourceOf(rule.source)))) : [],
      lists: named(condition, report.lists),
      macros: named(condition, report.macros),
      plugins: unique(rules.flatMap(rule => plugins(fields, rule.source, options))),
      used: rules.length > 0,
    },
  }
}

function describeList({ name, items }: LoadReport['lists'][number], report: LoadReport): Description {
  const isListName = (item: string) => report.lists.some(list => list.name === item && item !== name)
  const compiled = (list: string, open: readonly string[]): readonly string[] =>
    (report.lists.find(other => other.name === list)?.items ?? []).flatMap(item =>
      isListName(item) && !open.includes(item) ? compiled(item, [...open, item]) : [item],
    )
  return {
    info: { name, items: items.filter(item => !isListName(item)) },
    details: {
      items_compiled: compiled(name, [name]),
      lists: items.filter(isListName),
      plugins: [],
      used:
        report.rules.some(rule => rule.lists.includes(name)) || report.lists.some(list => list.items.includes(name)),
    },
  }
}

/** A macro's condition with macros and lists expanded; undefined when a list is only valid inside another condition (`in` without parentheses). */
function closeMacro(condition: string, report: LoadReport): Condition | undefined {
  try {
    return closeCondition(condition, {
      macros: Object.fromEntries(report.macros.map(macro => [macro.name, macro.condition])),
      lists: Object.fromEntries(report.lists.map(list => [list.name, list.items])),
    })
  } catch (error) {
    if (error instanceof ConditionError) return undefined
    throw error
  }
}

/** Operators without their modifiers. */
function operators(condition: Condition): string[] {
  const found: string[] = []
  walk(condition, node => void (node.kind === 'check' && found.push(node.op.split(' ')[0]!)))
  return unique(found)
}

/** The lists or macros among `items` that a condition names. */
function named(condition: string, items: readonly { readonly name: string }[]): string[] {
  const words = new Set(condition.split(/[\s(),=]+/))
  return items.map(({ name }) => name).filter(name => words.has(name))
}

function eventNames(condition: Condition, source: Source): string[] {
  const { eventTypes } = source
  const field = eventTypes?.fields[0]
  if (!eventTypes || field === undefined) return []
  const types = new EventTypeAnalysis(eventTypes).typesOf(condition).toArray()
  return unique(types.map(type => eventTypes.valueOf(field, type) ?? 'asyncevent'))
}

function fieldsOfOutput(output: string, source: Source, staticFields: DescribeOptions['staticFields']): string[] {
  const table = fieldTable(source, { staticFields })
  const template = parseTemplate(output, (name, arg) => table.lookup(name, arg) !== undefined)
  return unique(template.flatMap(token => (token.kind === 'value' ? fieldsIn(token.operand).map(nameOf) : [])))
}

function plugins(fields: readonly string[], sourceName: string, { sources, pluginOf }: DescribeOptions): string[] {
  const source = sources.find(({ name }) => name === sourceName)!
  const own = (field: string) =>
    Object.hasOwn(source.fields, field.replace(/\[.*/, '')) ? source.plugin?.name : undefined
  const found = fields.map(field => (pluginOf ? pluginOf(field, sourceName) : own(field)))
  return unique(found.filter(name => name !== undefined))
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort()
}
