import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { positions } from '../events/positions.ts'
import { returnValue } from './results.ts'
import type { Fields } from './table.ts'

/** PPM_O_* and PPM_S_I?X*. */
const O_RDONLY = 1
const O_WRONLY = 2
const O_CREAT = 4
const O_TMPFILE = 1 << 13
const O_F_CREATED = 1 << 14
const EXECUTABLE = 0o111

/** Where the flags are, and the mode of a new file if the call has one. */
interface Parameters {
  readonly flags?: number
  readonly mode?: number
}

const OPENS: ReadonlyMap<number, Parameters> = new Map<number, Parameters>([
  [PPME.SYSCALL_OPEN_X, positions(['flags', 'mode'], 'SYSCALL_OPEN_X')],
  [PPME.SYSCALL_OPENAT_2_X, positions(['flags', 'mode'], 'SYSCALL_OPENAT_2_X')],
  [PPME.SYSCALL_OPENAT2_X, positions(['flags', 'mode'], 'SYSCALL_OPENAT2_X')],
  [PPME.SYSCALL_OPEN_BY_HANDLE_AT_X, positions(['flags'], 'SYSCALL_OPEN_BY_HANDLE_AT_X')],
  [PPME.SYSCALL_CREAT_X, positions(['mode'], 'SYSCALL_CREAT_X')],
])

function openFlags(event: SyscallEvent): number {
  const flags = OPENS.get(event.type)?.flags
  return flags === undefined ? 0 : event.uint32(flags)
}

function created(event: SyscallEvent): boolean {
  const flags = openFlags(event)
  if (flags & O_F_CREATED) return true
  return (flags & O_TMPFILE) !== 0 && (returnValue(event) ?? -1) >= 0
}

function createdExecutable(event: SyscallEvent): boolean {
  const parameters = OPENS.get(event.type)
  if (parameters?.mode === undefined) return false
  const creates = parameters.flags === undefined || (event.uint32(parameters.flags) & (O_CREAT | O_TMPFILE)) !== 0
  return creates && (event.uint32(parameters.mode) & EXECUTABLE) !== 0
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
