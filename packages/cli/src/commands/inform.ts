import { execFileSync } from 'node:child_process'
import { RULE_SCHEMA } from '@falc/engine'
import { print } from '../command.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { FALCO_YAML } from '../config/keys/falco-yaml.ts'
import { describeRules } from '../listing/describe.ts'
import { listEvents, listIgnored } from '../listing/events.ts'
import { listFields } from '../listing/fields.ts'
import { type ListFormat, parseFormat } from '../listing/format.ts'
import { listPlugins, pluginInfo } from '../listing/plugins.ts'
import { supportText } from '../listing/support.ts'
import { configPath, overrides } from '../run/loader.ts'
import type { InformingFlag, RunFlags } from '../run/run-flags.ts'
import { versionText } from '../version.ts'
import { validateFiles } from './validate.ts'

const SCHEMA_DRAFT = 'http://json-schema.org/draft-06/schema#'

/** Text to print; a number is the exit code of an answer that has printed its own text. */
const ANSWERS: Readonly<Record<InformingFlag, (flags: RunFlags) => Promise<string | number> | string | number>> = {
  version: flags => versionText(configOf(flags).json_output),
  support: flags => supportText(flags, configOf(flags)),
  'config-schema': () =>
    `${JSON.stringify({ $schema: SCHEMA_DRAFT, title: 'falco.yaml', ...FALCO_YAML.schema }, null, 2)}\n`,
  'rule-schema': () => `${JSON.stringify(RULE_SCHEMA, null, 2)}\n`,
  'page-size': () => `Your system page size is: ${execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })}`,
  list: flags => listFields(flags.list!, { format: format(flags), names: flags.names }),
  ignored: () => listIgnored(),
  'list-events': flags => listEvents(format(flags)),
  'list-syscall-events': flags => listEvents(format(flags)),
  'list-plugins': () => listPlugins(),
  'plugin-info': flags => pluginInfo(flags['plugin-info']!),
  validate: flags => validateFiles(flags, configOf(flags)),
  'describe-all': flags => describeRules(flags.describe, flags.rules, configOf(flags)),
  describe: flags => describeRules(flags.describe, flags.rules, configOf(flags)),
}

/** Prints what a flag asks for and returns the exit code. @throws {CliError | ConfigError} */
export async function inform(flag: InformingFlag, flags: RunFlags): Promise<number> {
  const answer = await ANSWERS[flag](flags)
  if (typeof answer === 'number') return answer
  print(answer)
  return 0
}

function configOf(flags: RunFlags): Config {
  return loadConfig(configPath(flags.config), overrides(flags))
}

function format(flags: RunFlags): ListFormat {
  return parseFormat(flags.format ?? (flags.markdown ? 'markdown' : undefined))
}
