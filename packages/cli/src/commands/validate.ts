import { formatResult, type LoadReport, resultToJSON } from '@falc/engine'
import { defineCommand, print } from '../command.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { descriptionJson, descriptionText } from '../listing/describe.ts'
import { Log } from '../log.ts'
import { makeEngine } from '../rules/compile.ts'
import { type RulesFile, readRules } from '../rules/files.ts'
import { engineOptions } from '../rules/options.ts'
import { configPath } from '../run/loader.ts'
import { loadSources } from '../sources/load.ts'

export const validate = defineCommand({
  name: 'validate',
  usage: '[--json] FILE…',
  summary: 'Check rules files, loaded together in order, and report errors with their positions (as run -V)',
  flags: {
    json: { help: 'Print the report as JSON' },
    config: { short: 'c', value: 'FILE', help: 'Configuration' },
    option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
  },
  run(flags, files) {
    if (files.length === 0)
      throw new CliError('validate needs at least one rules file (falc run -c FILE --dry-run checks a configuration)')
    const options = [...flags.option, ...(flags.json ? ['json_output=true'] : [])]
    return validateFiles(
      { validate: files, describe: undefined, 'describe-all': false },
      loadConfig(configPath(flags.config), options),
    )
  },
})

export interface ValidateFlags {
  readonly validate: readonly string[]
  readonly describe: string | undefined
  readonly 'describe-all': boolean
}

/** `-V`: the report on stdout; returns exit code 1 when a file is invalid. @throws {CliError} when one cannot be read */
export async function validateFiles(flags: ValidateFlags, config: Config): Promise<number> {
  const log = new Log(config)
  for (const warning of config.warnings) log.warning(warning)
  log.info(`Validating rules file(s):\n${flags.validate.map(file => `   ${file}`).join('\n')}`)
  const rules = readRules(flags.validate)
  const sources = await loadSources()
  const { report } = makeEngine(engineOptions(config), { sources }, rules)
  const described = report.ok && (flags['describe-all'] || flags.describe !== undefined)
  if (config.json_output) {
    const results = JSON.stringify(report.files.map(resultToJSON))
    const options = { sources, rule: flags.describe, staticFields: config.static_fields }
    const rest = described ? `"falco_describe_results":${descriptionJson(report, options)},` : ''
    print(`{${rest}"falco_load_results":${results}}\n`)
  } else {
    print(summary(report, rules, log))
    if (described) print(`\n${descriptionText(report, flags.describe)}`)
  }
  return report.ok ? 0 : 1
}

/** Falco's text: errors in full; warnings go to the log. */
function summary(report: LoadReport, rules: readonly RulesFile[], log: Log): string {
  return report.files
    .map(file => {
      if (file.errors.length > 0) return formatResult(file) + hint(rules.find(({ name }) => name === file.name))
      if (file.warnings.length === 0) return `${formatResult(file)}\n`
      log.warning(formatResult(file).trimEnd())
      return `${file.name}: Ok, with warnings\n`
    })
    .join('')
}

/** A configuration file given as a rules file is a common mistake. */
function hint(file: RulesFile | undefined): string {
  if (!file || !/^(rules_files|stdout_output|json_output|engine|config_files|plugins):/m.test(file.content)) return ''
  return `Hint: this looks like a configuration file; check it with: falc run -c ${file.name} --dry-run\n`
}
