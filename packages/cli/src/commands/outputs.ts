import { type AlertData, alertId, alerts } from '@falc/engine'
import { type Answer, FORMATS, OutputError, tryConfigured, tryOutput } from '@falc/outputs'
import { jsonFormat } from '../alerts/line.ts'
import { defineCommand, print } from '../command.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { hostname } from '../hostname.ts'
import { Log } from '../log.ts'
import { configPath } from '../run/loader.ts'
import { FALCOS, falcosOutput } from '../run/open-outputs.ts'
import { loadSources } from '../sources/load.ts'

export const outputs = defineCommand({
  name: 'outputs',
  usage: '[list | test NAME] [-c FILE]',
  summary: 'List the configured outputs, or send a test alert to one and show the answer',
  flags: {
    config: { short: 'c', value: 'FILE', help: 'Configuration' },
    option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
  },
  async run(flags, [verb = 'list', name, ...rest]) {
    const source = alerts({ sources: await loadSources() })
    const config = loadConfig(configPath(flags.config), flags.option, process.env, () => source)
    const log = new Log(config)
    // A misspelt key would test something else than what was meant.
    for (const warning of config.warnings) log.warning(warning)
    if (verb === 'list' && name === undefined) return list(config)
    if (verb !== 'test' || name === undefined || rest.length > 0)
      throw new CliError('falc outputs takes `list`, or `test` and the name of an output')
    const answer = await send(config, name, source, log)
    if (answer === undefined)
      throw new CliError(`no output is named ${name}; the outputs are: ${names(config).join(', ') || 'none'}`)
    const failure = answer.failure ?? answer.items?.find(one => one !== undefined)
    print(`${name}: ${failure ? `${MEANING[failure.class]}: ${failure.message}` : 'delivered'}\n`)
    return failure ? 1 : 0
  },
})

/** What happens to an alert with such an answer. */
const MEANING = {
  later: 'not delivered, alerts would wait',
  poison: 'refused, alerts like this one would become dead letters',
  misconfigured: 'not delivered, alerts would wait until the configuration or the receiver is changed',
  broken: 'not delivered, and nothing ever will be',
} as const

function list(config: Config): number {
  for (const name of FALCOS) if (config[`${name}_output`].enabled) print(`${name}: ${name}_output, queue in memory\n`)
  for (const { name, type, enabled, queue } of config.outputs) {
    const where = queue.disk === undefined ? 'queue in memory' : `queue in ${queue.disk}/${name}`
    print(`${name}: ${type}, ${enabled ? where : 'not enabled'}\n`)
  }
  return 0
}

function names(config: Config): string[] {
  return [...FALCOS.filter(name => config[`${name}_output`].enabled), ...config.outputs.map(({ name }) => name)]
}

/** @returns undefined when no output has this name */
async function send(
  config: Config,
  name: string,
  source: ReturnType<typeof alerts>,
  log: Log,
): Promise<Answer | undefined> {
  const falcos = falcosOutput(config, name)
  const settings = config.outputs.find(output => output.name === name)
  try {
    if (falcos) return await tryOutput(falcos.target, testAlert(), falcos.format)
    if (!settings) return undefined
    const surroundings = {
      ...{ hostname: hostname(), source },
      format: (format: typeof settings.format) => (format === 'json' ? jsonFormat(config) : FORMATS[format].format),
      log: (level: 'critical' | 'error' | 'notice', text: string) => log.write(level, text),
    }
    return await tryConfigured(settings, surroundings, testAlert())
  } catch (error) {
    if (error instanceof OutputError) throw new CliError(error.message)
    throw error
  }
}

function testAlert(): AlertData {
  const rule = 'Falco internal: test of an output'
  const [time, host] = [BigInt(Date.now()) * 1_000_000n, hostname()]
  const message = `This is a test alert of falc on ${host}`
  return {
    id: alertId({ identity: host, source: 'internal', rule, time, event: 'test' }),
    ...{ rule, priority: 'Informational', source: 'internal', tags: ['test'], time, message, hostname: host },
    output: message,
    output_fields: { 'proc.name': 'falc' },
  }
}
