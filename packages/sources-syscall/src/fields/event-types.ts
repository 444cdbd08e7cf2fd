import type { EventTypes } from '@falc/engine'
import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { positions } from '../events/positions.ts'
import { SYSCALL_CODES, SYSCALL_NAMES, X86_64_SYSCALLS } from '../events/syscalls.ts'
import { EVENTS, EventClass, EventFlag, eventIdsOf } from '../events/table.ts'
import { ENVIRONMENT_USES, FAILED_EXECS } from './exec-uses.ts'
import { DIRECTORY_USES, FILE_USES, PATH_CALLS, STARTED_OPENS } from './file-uses.ts'
import { DIRECTORY_READS, FAILED_OPENS, FILE_READS } from './open-classes.ts'

/**
 * Event types that rules can see: exits of system calls, tracepoints and notes. Enter events serve only the state; retired
 * and old ones are converted when read.
 */
const SEEN: Uint8Array = Uint8Array.from(EVENTS, event => {
  if (event.flags & (EventFlag.unused | EventFlag.old_version)) return 0
  return event.enter && event.classes & EventClass.syscall ? 0 : 1
})

const ALL: readonly number[] = EVENTS.filter(event => SEEN[event.id] === 1).map(event => event.id)

const FD_EVENTS = EventFlag.creates_fd | EventFlag.uses_fd | EventFlag.destroys_fd

const GENERIC = positions(['ID', 'nativeID'], 'GENERIC_X')
const ASYNC = positions(['name'], 'ASYNCEVENT_E')

/** The name of the call behind a generic event; undefined = a call that is not in the table. */
export function genericName(event: SyscallEvent): string | undefined {
  const code = event.uint16(GENERIC.ID)
  if (code !== 0 || !event.has(GENERIC.nativeID)) return SYSCALL_NAMES[code]
  const native = X86_64_SYSCALLS[event.uint16(GENERIC.nativeID)] ?? -1
  return SYSCALL_NAMES[Math.max(native, 0)]
}

/** evt.type of an event. */
export function eventName(event: SyscallEvent): string | undefined {
  switch (event.type) {
    case PPME.GENERIC_X:
      return genericName(event)
    case PPME.ASYNCEVENT_E:
      return event.text(ASYNC.name)
    default:
      return EVENTS[event.type]!.name
  }
}

/** @param asyncNames events announced by plugins that have no type of their own. */
export function eventTypes(asyncNames: readonly string[]): EventTypes {
  return {
    all: ALL,
    fields: ['evt.type', 'syscall.type'],
    typesOf(field, value) {
      const ids = eventIdsOf(value).filter(id => SEEN[id] === 1 && (field === 'evt.type' || isSyscall(id)))
      if (field === 'evt.type' && asyncNames.includes(value)) return [...ids, PPME.ASYNCEVENT_E]
      if (eventIdsOf(value).length > 0) return ids
      if (SYSCALL_CODES.has(value)) return [PPME.GENERIC_X]
      // Falco does not check what syscall.type is compared with
      return field === 'syscall.type' ? [] : undefined
    },
    valueOf(field, type) {
      if (field === 'syscall.type' && !isSyscall(type)) return null
      return type === PPME.GENERIC_X || type === PPME.ASYNCEVENT_E ? undefined : EVENTS[type]?.name
    },
    classes: {
      failedOpens: FAILED_OPENS,
      fileReads: FILE_READS,
      directoryReads: DIRECTORY_READS,
      fileUses: FILE_USES,
      directoryUses: DIRECTORY_USES,
      startedOpens: STARTED_OPENS,
      pathCalls: PATH_CALLS,
      environmentUses: ENVIRONMENT_USES,
      failedExecs: FAILED_EXECS,
    },
    carries(field, arg, type) {
      const { flags, params } = EVENTS[type]!
      if (field.startsWith('fd.')) return (flags & FD_EVENTS) !== 0
      if (arg === undefined || (field !== 'evt.arg' && field !== 'evt.rawarg')) return true
      return /^\d+$/.test(arg) ? Number(arg) < params.length : params.some(({ name }) => name === arg)
    },
  }
}

function isSyscall(id: number): boolean {
  return (EVENTS[id]!.classes & EventClass.syscall) !== 0
}
