import { defineCommand } from '../command.ts'
import { CliError } from '../fail.ts'
import { detect } from '../run/detect.ts'
import { FORMER_FLAGS, RUN_FLAGS, type RunFlags } from '../run/flags.ts'

export const run = defineCommand({
  name: 'run',
  usage: '[-c FILE] [-r PATH]… [-e CAPTURE | --k8s-audit FROM] [FLAGS]',
  summary: 'Detect: events in, alerts out on stdout and wherever falco.yaml says',
  flags: RUN_FLAGS,
  former: FORMER_FLAGS,
  async run(flags, positionals) {
    if (positionals.length > 0) throw new CliError(`unexpected argument "${positionals[0]}" (see falc run --help)`)
    return asks(flags) ? (await import('./inform.ts')).inform(flags) : detect(flags)
  },
})

/** Flags that print something and stop. What they need is loaded for them only. */
function asks(flags: RunFlags): boolean {
  return (
    flags.version ||
    flags.support ||
    flags['config-schema'] ||
    flags['rule-schema'] ||
    flags['page-size'] ||
    flags.list !== undefined ||
    flags['list-events'] ||
    flags['list-syscall-events'] ||
    flags.ignored ||
    flags['list-plugins'] ||
    flags['plugin-info'] !== undefined ||
    flags.validate.length > 0 ||
    flags['describe-all'] ||
    flags.describe !== undefined
  )
}
