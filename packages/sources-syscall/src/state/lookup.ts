import { PPME } from '../events/ids.ts'
import type { EventCode } from '../events/positions.ts'
import { EVENTS, EventFlag, type EventInfo } from '../events/table.ts'

/** How the thread of an event is found. */
export const LOOKUP_NONE = 0
/** In the table. */
export const LOOKUP_FIND = 1
/** In the table; if missing, a placeholder is created. */
export const LOOKUP_CREATE = 2

/** Events that are not about a thread although they may carry a thread id. */
const THREADLESS = ids(
  'PLUGINEVENT_E',
  'CONTAINER_JSON_2_E',
  'USER_ADDED_E',
  'USER_DELETED_E',
  'GROUP_ADDED_E',
  'GROUP_DELETED_E',
  'ASYNCEVENT_E',
)

/** Events of threads that may legitimately be unknown: newly created, kernel threads, or exited. */
const FIND_ONLY = ids(
  'SCHEDSWITCH_6_E',
  'PROCEXIT_1_E',
  'SYSCALL_CLONE_20_X',
  'SYSCALL_FORK_20_X',
  'SYSCALL_VFORK_20_X',
  'SYSCALL_CLONE3_X',
  'PROCINFO_E',
)

function ids(...codes: readonly EventCode[]): ReadonlySet<number> {
  return new Set(codes.map(code => PPME[code]))
}

function lookupOf(event: EventInfo): number {
  if (FIND_ONLY.has(event.id)) return LOOKUP_FIND
  if (THREADLESS.has(event.id) || (event.flags & EventFlag.skipparsereset) !== 0) return LOOKUP_NONE
  return LOOKUP_CREATE
}

/** Exit events whose descriptor is neither named `fd` nor the second parameter. */
const FD_PARAMETERS: Readonly<Partial<Record<string, string>>> = {
  SYSCALL_SPLICE_X: 'fd_out',
  SYSCALL_SYMLINKAT_X: 'linkdirfd',
  SYSCALL_SENDFILE_X: 'out_fd',
} satisfies Partial<Record<EventCode, string>>

/** The parameter that holds the descriptor of an exit event (libsinsp's lastevent_fd); 0 = none. */
function fdParameterOf(event: EventInfo): number {
  if (event.enter || (event.flags & EventFlag.uses_fd) === 0) return 0
  const name = FD_PARAMETERS[event.code] ?? 'fd'
  const position = event.params.findIndex(param => param.name === name && param.type === 'fd')
  return position < 0 && event.params[1]?.type === 'fd' ? 1 : Math.max(position, 0)
}

/** By event type: LOOKUP_* in the low two bits, the descriptor's parameter index in the higher bits. */
export const LOOKUPS: Uint8Array = Uint8Array.from(EVENTS, event => lookupOf(event) | (fdParameterOf(event) << 2))
