import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { EVENTS, type EventCategory } from '../events/table.ts'
import { FdKind, isInet } from '../model/fd.ts'
import { failed, returnValue } from './results.ts'
import type { Field, Fields } from './table.ts'

/** Errors are counted by the type of the descriptor; without one, by what the call would have opened. */
type Sort = 'file' | 'net' | 'memory' | 'other'

function sortOf(event: SyscallEvent): Sort {
  if (event.fd !== null) {
    if (isFile(event.fd.type) || event.fd.type === FdKind.directory) return 'file'
    return isInet(event.fd.type) || event.fd.type === FdKind.unixSocket ? 'net' : 'other'
  }
  switch (event.type) {
    case PPME.SYSCALL_OPEN_X:
    case PPME.SYSCALL_CREAT_X:
    case PPME.SYSCALL_OPENAT_2_X:
    case PPME.SYSCALL_OPENAT2_X:
    case PPME.SYSCALL_OPEN_BY_HANDLE_AT_X:
      return 'file'
    case PPME.SOCKET_ACCEPT_5_X:
    case PPME.SOCKET_ACCEPT4_6_X:
    case PPME.SOCKET_CONNECT_X:
      return 'net'
    default:
      return isMemory(event) ? 'memory' : 'other'
  }
}

function isFile(fdType: number): boolean {
  return fdType === FdKind.file || fdType === FdKind.fileV2
}

function isMemory(event: SyscallEvent): boolean {
  return EVENTS[event.type]!.category === 'memory'
}

function count(doc: string, of: (event: SyscallEvent) => number | undefined, hidden = false): Field {
  return { type: 'uint32', print: 'dec', doc, ...(hidden ? { hidden } : {}), extract: of }
}

function errors(event: SyscallEvent): number | undefined {
  const error = failed(event)
  return error === undefined ? undefined : Number(error)
}

/** Number of bytes read or written, if the call and the descriptor are of these kinds. */
function bufferLength(doc: string, categories: readonly EventCategory[], kind?: (fdType: number) => boolean): Field {
  return {
    type: 'uint64',
    print: 'dec',
    ...(doc === BUFLEN ? {} : { hidden: true }),
    doc,
    extract: event => {
      if (event.fd === null || !categories.includes(EVENTS[event.type]!.category)) return undefined
      if (kind !== undefined && !kind(event.fd.type)) return undefined
      const value = returnValue(event)
      return value === undefined || value < 0 ? undefined : value
    },
  }
}

const BUFLEN = 'Number of bytes that the call read or wrote.'
const ANY: readonly EventCategory[] = ['io_read', 'io_write', 'io_other']
const IN: readonly EventCategory[] = ['io_read']
const OUT: readonly EventCategory[] = ['io_write']

/** Counts and sizes, meant to be summed. */
export const COUNT_FIELDS: Fields = {
  'evt.count': count('1 for every event.', () => 1),
  'evt.count.error': count('1 for calls that returned an error, 0 for those that did not.', errors),
  'evt.count.error.file': count('evt.count.error of calls on files.', event =>
    sortOf(event) === 'file' ? errors(event) : undefined,
  ),
  'evt.count.error.net': count('evt.count.error of calls on sockets.', event =>
    sortOf(event) === 'net' ? errors(event) : undefined,
  ),
  'evt.count.error.memory': count('evt.count.error of calls that manage memory.', event =>
    isMemory(event) ? errors(event) : undefined,
  ),
  'evt.count.error.other': count('evt.count.error of all other calls.', event =>
    sortOf(event) === 'other' ? errors(event) : undefined,
  ),
  'evt.count.exit': count('1 for returns from calls.', event => ((event.type & 1) === 1 ? 1 : undefined)),
  'evt.count.procinfo': count(
    '1 for notes on a process (procinfo) about its main thread.',
    event => Number(event.type === PPME.PROCINFO_E && event.thread?.isMain === true),
    true,
  ),
  'evt.count.threadinfo': count(
    '1 for notes on a thread (procinfo).',
    event => Number(event.type === PPME.PROCINFO_E),
    true,
  ),
  'evt.buflen': bufferLength(BUFLEN, ANY),
  'evt.buflen.in': bufferLength('Number of bytes read.', IN),
  'evt.buflen.out': bufferLength('Number of bytes written.', OUT),
  'evt.buflen.file': bufferLength('Number of bytes read from or written to a file.', ANY, isFile),
  'evt.buflen.file.in': bufferLength('Number of bytes read from a file.', IN, isFile),
  'evt.buflen.file.out': bufferLength('Number of bytes written to a file.', OUT, isFile),
  'evt.buflen.net': bufferLength('Number of bytes received or sent.', ANY, isInet),
  'evt.buflen.net.in': bufferLength('Number of bytes received.', IN, isInet),
  'evt.buflen.net.out': bufferLength('Number of bytes sent.', OUT, isInet),
}
