import type { EventClass, FieldUse } from '@falc/engine'
import { PPME } from '../events/ids.ts'
import type { EventCode } from '../events/positions.ts'
import { OBJECT_EVENTS } from '../events/resolved.ts'
import { EVENTS, EventFlag } from '../events/table.ts'
import { isEqual } from './open-classes.ts'

const DESCRIPTORS = new Set(['fd', 'fd32', 'fdlist'])
/** They open a descriptor from one that another event has opened. */
const COPIES = new Set([
  'SYSCALL_DUP_1_X',
  'SYSCALL_DUP2_X',
  'SYSCALL_DUP3_X',
  'SYSCALL_FCNTL_X',
  'SYSCALL_PIDFD_GETFD_X',
])
/** Of what an event says, fields that depend on a descriptor; of a process, those that depend on its descriptors (test/fields/file-uses.test.ts). */
const OF_EVENT = /^(?:(?:fd|fdlist|fs)\..*|evt\.(?:args|info|abspath|category|buflen.*|count\.error.*))$/
const OF_PROCESS = /^(?:fd\.types|proc\.(?:fd(?:opencount|usage)|std(?:in|out|err)\..*|ppid\.duration))$/
/** Parameters whose text names a descriptor, or is a path made absolute. */
const NAMES_DESCRIPTORS = new Set(['fd', 'fd32', 'fdlist', 'relpath', 'path', 'dyn'])

/** They are of sockets alone. */
const OF_SOCKETS = /^fd\.(?:[cslr]?(?:ip|net|port|proto)|l4proto|sockfamily)(?:\.name)?$/

type Kinds = Readonly<Record<string, readonly string[]>>
/** Of a file or a directory, and of a descriptor that is not known. */
const FILES: Kinds = { 'fd.typechar': ['f', 'o'], 'fd.type': ['file'] }
const DIRECTORIES: Kinds = { 'fd.typechar': ['d', 'o'], 'fd.type': ['directory'] }

/** A check that holds of neither. */
function decidedBy(kinds: Kinds): EventClass['decides'] {
  return (field, arg, operator, values) => {
    if (arg !== undefined) return undefined
    if (OF_SOCKETS.test(field)) return operator !== '!=' ? false : undefined
    return isEqual(operator) && kinds[field]?.some(kind => values.includes(kind)) === false ? false : undefined
  }
}

/** Messages to the kernel's log go to a file: /dev/kmsg, which some programs have open before falc starts. */
const OF_LOGS = /^(?:evt\.is_syslog|syslog\..*)$/

function readsDescriptor(name: string, arg: string | undefined): boolean {
  if (name !== 'evt.arg') return OF_EVENT.test(name)
  const named = (param: string, position: number) => arg === undefined || param === arg || Number(arg) === position
  return EVENTS.some(({ params }) =>
    params.some((param, i) => named(param.name, i) && NAMES_DESCRIPTORS.has(param.type)),
  )
}

/** Whether a field reads descriptors of its process, whatever the event. */
export function readsFilesOfProcess({ name }: FieldUse): boolean {
  return OF_PROCESS.test(name)
}

const USES: readonly number[] = EVENTS.filter(
  ({ code, enter, flags, params }) =>
    !enter &&
    params.some(({ type }) => DESCRIPTORS.has(type)) &&
    ((flags & EventFlag.creates_fd) === 0 || COPIES.has(code)) &&
    !OBJECT_EVENTS.includes(code),
).map(({ id }) => id)

/**
 * Calls with a descriptor of a file, not of a directory, that another event has opened. It may be unknown, so that a field of it is absent.
 * Calls on paths are PATH_CALLS.
 */
export const FILE_USES: EventClass = {
  types: USES,
  decides: decidedBy(FILES),
  reads: (name, arg) => OF_LOGS.test(name) || readsDescriptor(name, arg),
}

/** The same of directories. Calls on paths that start from one say what it is (state/path-starts.ts). */
export const DIRECTORY_USES: EventClass = { types: USES, decides: decidedBy(DIRECTORIES), reads: readsDescriptor }

/** Opens that start from a directory's descriptor, which is not always known: what else they say of it than the name of what was opened. */
export const STARTED_OPENS: EventClass = {
  types: [PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_OPENAT2_X, PPME.SYSCALL_OPEN_BY_HANDLE_AT_X],
  decides: () => undefined,
  reads: (name, arg) => /^evt\.(?:args?|info|abspath)$/.test(name) && readsDescriptor(name, arg),
}

/** Paths that lead through a descriptor (/proc/self/fd/3), or are relative to one, with the name that this has. */
const THROUGH_DESCRIPTORS: ReadonlySet<string> = new Set([
  'fs.path.name',
  'fs.path.source',
  'fs.path.target',
  ...['path', 'name', 'filename', 'pathname', 'oldpath', 'newpath', 'linkpath', 'dir'].map(name => `evt.arg.${name}`),
])

/**
 * Calls on paths that return no file. What they lead to through a descriptor the engine knows by its name, if the kernel does not tell
 * (native/bpf/hooks.bpf.h). Rules that only print it show what was passed.
 */
export const PATH_CALLS: EventClass = {
  types: OBJECT_EVENTS.map(code => PPME[code as EventCode]),
  decides: () => undefined,
  reads: (name, arg, printed) => !printed && readsDescriptor(name, arg),
  searched: THROUGH_DESCRIPTORS,
}
