import { type DescribeOptions, describeRules as describe, type LoadReport, printJson } from '@falc/engine'
import { type Config, rulesFiles } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { findRule } from '../rules/find-rule.ts'
import { engineOptions } from '../rules/options.ts'
import { loadSources } from '../sources/load.ts'
import { columns } from './format.ts'

/** `-L` and `-l NAME`: rules with their descriptions, or in full as JSON with json_output. @throws {CliError} */
export async function describeRules(
  name: string | undefined,
  rules: readonly string[],
  config: Config,
): Promise<string> {
  const paths = rules.length > 0 ? rules : rulesFiles(config)
  if (paths.length === 0) {
    throw new CliError('You must specify at least one rules file/directory via -r or a rules_files entry in falco.yaml')
  }
  const sources = await loadSources()
  const { report } = loadEngine(engineOptions(config), { sources }, readRules(paths))
  if (name !== undefined) findRule(report.rules, name, paths.join(', '))
  return config.json_output
    ? `${descriptionJson(report, { sources, rule: name, staticFields: config.static_fields })}\n`
    : descriptionText(report, name)
}

/** Falco's JSON object of one rule, or of all rules, macros and lists. */
export function descriptionJson(report: LoadReport, options: DescribeOptions): string {
  const described = describe(report, options)
  return printJson(described as unknown as Parameters<typeof printJson>[0])
}

export function descriptionText(report: LoadReport, name: string | undefined): string {
  const chosen = name === undefined ? report.rules : report.rules.filter(rule => rule.name === name)
  const rows = chosen.map(rule => [rule.name, rule.desc] as const)
  return columns([['Rule', 'Description'], ['----', '-----------'], ...rows], 50)
}
