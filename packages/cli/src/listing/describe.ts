import { type LoadedRule, printCondition } from '@falc/engine'
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
    },
    details: {
      macros: rule.macros,
      lists: rule.lists,
      exceptions: rule.exceptions.map(exception => exception.name),
      condition_compiled: printCondition(rule.condition),
    },
  }
}
