import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { returnValue } from './results.ts'
import type { Fields } from './table.ts'

/** PPM_O_* and PPM_S_I?X*. */
const O_RDONLY = 1
const O_WRONLY = 2
const O_CREAT = 4
const O_TMPFILE = 1 << 13
const O_F_CREATED = 1 << 14
const EXECUTABLE = 0o111

/** The parameter index of the open flags; -1 = the event opens nothing. */
function flagsIndex(type: number): number {
  switch (type) {
    case PPME.SYSCALL_OPEN_X:
    case PPME.SYSCALL_OPEN_BY_HANDLE_AT_X:
      return 2
    case PPME.SYSCALL_OPENAT_2_X:
    case PPME.SYSCALL_OPENAT2_X:
      return 3
    default:
      return -1
  }
}

function openFlags(event: SyscallEvent): number {
  const index = flagsIndex(event.type)
  return index < 0 ? 0 : event.uint32(index)
}

function created(event: SyscallEvent): boolean {
  const flags = openFlags(event)
  if (flags & O_F_CREATED) return true
  return (flags & O_TMPFILE) !== 0 && (returnValue(event) ?? -1) >= 0
}

/** The mode of a new file, if the call has one: the parameter after the flags. */
function createdExecutable(event: SyscallEvent): boolean {
  if (event.type === PPME.SYSCALL_CREAT_X) return (event.uint32(2) & EXECUTABLE) !== 0
  if (event.type === PPME.SYSCALL_OPEN_BY_HANDLE_AT_X || (openFlags(event) & (O_CREAT | O_TMPFILE)) === 0) return false
  return (event.uint32(flagsIndex(event.type) + 1) & EXECUTABLE) !== 0
}

/** How a file is opened; false for events that do not open a file. */
export const OPEN_FIELDS: Fields = {
  'evt.is_open_read': {
    type: 'bool',
    doc: 'A file is opened for reading.',
    extract: event => (openFlags(event) & O_RDONLY) !== 0,
  },
  'evt.is_open_write': {
    type: 'bool',
    doc: 'A file is opened for writing.',
    extract: event => (openFlags(event) & O_WRONLY) !== 0,
  },
  'evt.is_open_exec': {
    type: 'bool',
    doc: 'A file is created that may be executed.',
    extract: createdExecutable,
  },
  'evt.is_open_create': { type: 'bool', doc: 'A file is created.', extract: created },
}
