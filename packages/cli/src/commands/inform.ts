import { execFileSync } from 'node:child_process'
import { RULE_SCHEMA } from '@falc/engine'
import { print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CONFIG_SCHEMA } from '../config/schema.ts'
import { describeRules } from '../listing/describe.ts'
import { listEvents, listIgnored } from '../listing/events.ts'
import { listFields } from '../listing/fields.ts'
import { type ListFormat, parseFormat } from '../listing/format.ts'
import { listPlugins, pluginInfo } from '../listing/plugins.ts'
import { supportText } from '../listing/support.ts'
import type { RunFlags } from '../run/flags.ts'
import { configPath, overrides } from '../run/load.ts'
import { versionText } from '../version.ts'
import { validateFiles } from './validate.ts'

/** What the flags that ask for something ask for. @throws {CliError} */
export async function inform(flags: RunFlags): Promise<number> {
  const config = () => loadConfig(configPath(flags.config), overrides(flags))
  if (flags.version) print(versionText(config().json.enabled))
  else if (flags.support) print(supportText(flags, config()))
  else if (flags['config-schema']) print(`${JSON.stringify(CONFIG_SCHEMA, null, 2)}\n`)
  else if (flags['rule-schema']) print(`${JSON.stringify(RULE_SCHEMA, null, 2)}\n`)
  else if (flags['page-size'])
    print(`Your system page size is: ${execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })}`)
  else if (flags.list !== undefined) print(await listFields(flags.list, { format: format(flags), names: flags.names }))
  else if (flags.ignored) print(await listIgnored())
  else if (flags['list-events'] || flags['list-syscall-events']) print(await listEvents(format(flags)))
  else if (flags['list-plugins']) print(await listPlugins())
  else if (flags['plugin-info'] !== undefined) print(await pluginInfo(flags['plugin-info']))
  else if (flags.validate.length > 0) return validateFiles(flags, config())
  else print(await describeRules(flags.describe, flags.rules, config()))
  return 0
}

function format(flags: RunFlags): ListFormat {
  return parseFormat(flags.format ?? (flags.markdown ? 'markdown' : undefined))
}
