import { StdoutOutput } from '../falco/stdout.ts'
import { LINES } from '../falco/write.ts'
import { defineTransport } from '../model/transport.ts'

export const stdout = defineTransport({
  type: 'stdout',
  title: 'Standard output',
  doc: 'One line per alert. Once the reader of a pipe has exited, nothing more can be delivered.',
  options: {},
  batch: LINES,
  ordered: 'all',
  deadline: false,
  open: () => new StdoutOutput().open(),
})
