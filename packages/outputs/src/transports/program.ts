import { ProgramOutput } from '../falco/program.ts'
import { defineTransport } from '../model/transport.ts'

export const program = defineTransport({
  type: 'program',
  title: 'Program',
  doc: `One line per alert, on the standard input of a program. With \`keep_running: false\`, a process is started for each alert; an exit code
other than 0 refuses the alert. Alerts in the pipe of a program that crashes count as delivered.`,
  options: {
    command: { kind: 'text', required: true, doc: 'The command, run by `sh`.', example: 'logger --tag falc' },
    keep_running: { kind: 'boolean', default: true, doc: 'One process for all alerts; otherwise one for each alert.' },
  },
  batch: { items: 512, bytes: 64 * 1024 },
  ordered: 'all',
  deadline: false,
  open: ({ command, keep_running }) => new ProgramOutput({ program: command, keepAlive: keep_running }).open(),
})
