import { type Condition, type LoadedRule, type Operand, printCondition } from '@falc/engine'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { makeEngine } from '../run/engine.ts'
import { readRules } from '../run/rules.ts'
import { loadSources } from '../sources/load.ts'
import { columns } from './format.ts'

/** `-L` and `-l NAME`: rules with their descriptions, or in full as JSON with json_output. @throws {CliError} */
export async function describeRules(
  name: string | undefined,
  rules: readonly string[],
  config: Config,
): Promise<string> {
  const paths = rules.length > 0 ? rules : config.rulesFiles
  if (paths.length === 0) {
    throw new CliError('You must specify at least one rules file/directory via -r or a rules_files entry in falco.yaml')
  }
  const { report } = makeEngine({ config, sources: await loadSources() }, readRules(paths))
  if (!report.ok) throw new CliError(report.errors.map(problem => problem.message).join('\n'))
  const chosen = name === undefined ? report.rules : report.rules.filter(rule => rule.name === name)
  if (chosen.length === 0) throw new CliError(`there is no rule "${name ?? ''}" in ${paths.join(', ')}`)
  if (config.json.enabled) return `${JSON.stringify({ rules: chosen.map(jsonOf) })}\n`
  const rows = chosen.map(rule => [rule.name, rule.desc] as const)
  return columns([['Rule', 'Description'], ['----', '-----------'], ...rows], 50)
}

/** Falco's shape, as far as it holds facts about the rule itself. */
function jsonOf(rule: LoadedRule): Record<string, unknown> {
  const used = usedBy(rule.condition)
  return {
    info: {
      name: rule.name,
      condition: rule.conditionText,
      priority: rule.priority,
      output: rule.output,
      description: rule.desc,
      enabled: rule.enabled,
      source: rule.source,
      tags: rule.tags,
      capture: rule.capture,
      capture_duration: rule.captureDuration,
    },
    details: {
      macros: rule.macros,
      lists: rule.lists,
      condition_operators: [...used.operators].sort(),
      condition_fields: [...used.fields].sort(),
      exception_names: rule.exceptions.map(exception => exception.name),
      exception_fields: [...new Set(rule.exceptions.flatMap(exception => exception.fields))].sort(),
      exception_operators: [...new Set(rule.exceptions.flatMap(exception => exception.comps))].sort(),
      condition_compiled: printCondition(rule.condition),
    },
  }
}

interface Used {
  readonly fields: Set<string>
  readonly operators: Set<string>
}

function usedBy(condition: Condition, used: Used = { fields: new Set(), operators: new Set() }): Used {
  if (condition.kind === 'and' || condition.kind === 'or') for (const child of condition.children) usedBy(child, used)
  else if (condition.kind === 'not') usedBy(condition.child, used)
  else if (condition.kind === 'check') {
    used.operators.add(condition.op)
    for (const operand of [condition.left, condition.right ?? []].flat()) fieldsOf(operand, used.fields)
  }
  return used
}

function fieldsOf(operand: Operand, fields: Set<string>): void {
  if (operand.kind === 'field') fields.add(operand.arg === undefined ? operand.name : `${operand.name}[${operand.arg}]`)
  else if (operand.kind === 'transform') for (const arg of operand.args.flat()) fieldsOf(arg, fields)
}
