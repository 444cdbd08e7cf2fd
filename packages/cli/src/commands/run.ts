import { execFileSync } from 'node:child_process'
import { RULE_SCHEMA } from '@falc/engine'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CONFIG_SCHEMA } from '../config/schema.ts'
import { CliError } from '../fail.ts'
import { describeRules } from '../listing/describe.ts'
import { listEvents } from '../listing/events.ts'
import { listFields } from '../listing/fields.ts'
import { type ListFormat, parseFormat } from '../listing/format.ts'
import { listPlugins, pluginInfo } from '../listing/plugins.ts'
import { supportText } from '../listing/support.ts'
import { detect } from '../run/detect.ts'
import { RUN_FLAGS, type RunFlags } from '../run/flags.ts'
import { configPath, overrides } from '../run/load.ts'
import { versionText } from '../version.ts'
import { validateFiles } from './validate.ts'

export const run = defineCommand({
  name: 'run',
  usage: '[-c FILE] [-r PATH]… [-e CAPTURE | --k8s-audit FROM] [FLAGS]',
  summary: 'Detect: events in, alerts out on stdout and wherever falco.yaml says',
  flags: RUN_FLAGS,
  async run(flags, positionals) {
    if (positionals.length > 0) throw new CliError(`unexpected argument "${positionals[0]}" (see falc run --help)`)
    return (await inform(flags)) ?? detect(flags)
  },
})

/** The flags that print something and stop; undefined: there was none of them. */
async function inform(flags: RunFlags): Promise<number | undefined> {
  const config = () => loadConfig(configPath(flags.config), overrides(flags))
  if (flags.version) print(versionText(config().json.enabled))
  else if (flags.support) print(supportText(flags, config()))
  else if (flags['config-schema']) print(`${JSON.stringify(CONFIG_SCHEMA, null, 2)}\n`)
  else if (flags['rule-schema']) print(`${JSON.stringify(RULE_SCHEMA, null, 2)}\n`)
  else if (flags['page-size'])
    print(`Your system page size is: ${execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })}`)
  else if (flags.list !== undefined) print(await listFields(flags.list, { format: format(flags), names: flags.names }))
  else if (flags['list-events']) print(await listEvents(format(flags)))
  else if (flags['list-plugins']) print(await listPlugins())
  else if (flags['plugin-info'] !== undefined) print(await pluginInfo(flags['plugin-info']))
  else if (flags.validate.length > 0) return validateFiles(flags, config())
  else if (flags['describe-all'] || flags.describe !== undefined)
    print(await describeRules(flags.describe, flags.rules, config()))
  else return undefined
  return 0
}

function format(flags: RunFlags): ListFormat {
  return parseFormat(flags.format ?? (flags.markdown ? 'markdown' : undefined))
}
