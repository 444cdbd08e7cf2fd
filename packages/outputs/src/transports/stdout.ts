import { StdoutOutput } from '../stdout.ts'
import { defineTransport } from '../transport.ts'

export const stdout = defineTransport({
  type: 'stdout',
  title: 'Standard output',
  doc: 'One line per alert. When the reader of a pipe has gone, nothing can be delivered any more.',
  options: {},
  batch: { items: 512 },
  ordered: 'all',
  deadline: false,
  open: () => new StdoutOutput().open(),
})
