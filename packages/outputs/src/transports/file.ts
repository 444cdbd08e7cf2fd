import { FileOutput } from '../file.ts'
import { defineTransport } from '../transport.ts'

export const file = defineTransport({
  type: 'file',
  title: 'File',
  doc: `One line per alert, appended to a file. An alert is delivered when the operating system has the line; a line that does not fit on a full
disk is taken back and waits. SIGUSR1 opens the file anew, after it has been moved away.`,
  options: {
    path: { kind: 'path', required: true, doc: 'The file.', example: '/var/log/falc/critical.log' },
    keep_open: { kind: 'boolean', default: true, doc: 'Keep the file open. Otherwise it is opened for each batch.' },
  },
  batch: { items: 512 },
  ordered: 'all',
  deadline: false,
  open: ({ path, keep_open }) => new FileOutput({ filename: path, keepAlive: keep_open }).open(),
})
