import { defineCommand } from '../command.ts'
import { CliError } from '../fail.ts'
import { detect } from '../run/detect.ts'
import { FORMER_FLAGS, INFORMING_FLAGS, type InformingFlag, RUN_FLAGS, type RunFlags } from '../run/run-flags.ts'

export const run = defineCommand({
  name: 'run',
  usage: '[-c FILE] [-r PATH]… [-e CAPTURE | --k8s-audit FROM] [FLAGS]',
  summary: 'Evaluate rules on events, and send alerts to stdout and the outputs of falco.yaml',
  flags: RUN_FLAGS,
  former: FORMER_FLAGS,
  async run(flags, positionals) {
    if (positionals.length > 0) throw new CliError(`unexpected argument "${positionals[0]}" (see falc run --help)`)
    const flag = asked(flags)
    return flag === undefined ? detect(flags) : (await import('./inform.ts')).inform(flag, flags)
  },
})

/** The first flag that prints something and stops. Its code is loaded only then. */
function asked(flags: RunFlags): InformingFlag | undefined {
  return INFORMING_FLAGS.find(name => {
    const value = flags[name]
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
  })
}
