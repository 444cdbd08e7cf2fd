import { FileOutput } from '../falco/file.ts'
import { LINES } from '../falco/write.ts'
import { defineTransport } from '../model/transport.ts'

export const file = defineTransport({
  type: 'file',
  title: 'File',
  doc: `One line per alert, appended to a file. An alert counts as delivered when the operating system has accepted the line; a line that is cut
short by a full disk is removed and retried. SIGUSR1 reopens the file, for log rotation.`,
  options: {
    path: { kind: 'path', required: true, doc: 'The file.', example: '/var/log/falc/critical.log' },
    keep_open: { kind: 'boolean', default: true, doc: 'Keep the file open. Otherwise it is opened for each batch.' },
  },
  batch: LINES,
  ordered: 'all',
  deadline: false,
  open: ({ path, keep_open }) => new FileOutput({ filename: path, keepAlive: keep_open }).open(),
})
