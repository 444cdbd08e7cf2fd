import { defineCommand, print } from '../command.ts'
import { CliError } from '../fail.ts'
import { listEvents } from '../listing/events.ts'
import { listFields } from '../listing/fields.ts'
import { parseFormat } from '../listing/format.ts'

export const list = defineCommand({
  name: 'list',
  usage: '[SOURCE] [--events] [--format text|markdown|json]',
  summary: 'List the fields of a source (syscall, k8s_audit), or the event types of system calls',
  flags: {
    events: { help: 'List event types instead of fields' },
    format: { value: 'FORMAT', help: 'text (default), markdown or json' },
    names: { short: 'N', help: 'Names of fields only' },
    markdown: {},
    json: {},
  },
  async run(flags, [source, extra]) {
    if (extra !== undefined) throw new CliError(`unexpected argument "${extra}" (see falc list --help)`)
    const format = parseFormat(flags.format ?? (flags.markdown ? 'markdown' : flags.json ? 'json' : undefined))
    print(flags.events ? await listEvents(format) : await listFields(source ?? '', { format, names: flags.names }))
    return 0
  },
})
