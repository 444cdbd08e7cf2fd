import { EVENTS, EventFlag, type EventInfo } from '../events/table.ts'

/** How the thread of an event is found. */
export const LOOKUP_NONE = 0
/** In the table. */
export const LOOKUP_FIND = 1
/** In the table, else an entry is made up. */
export const LOOKUP_CREATE = 2

/** Events that are not about a thread although they may carry a thread id. */
const THREADLESS = new Set([
  322, // pluginevent
  324, // container
  354, // useradded
  356, // userdeleted
  358, // groupadded
  360, // groupdeleted
  402, // asyncevent
])

/** Events of threads that may be unknown for good reason: just born, kernel's own, or gone. */
const FIND_ONLY = new Set([
  152, // switch
  186, // procexit
  223, // clone
  225, // fork
  227, // vfork
  234, // procinfo
  335, // clone3
])

function lookupOf(event: EventInfo): number {
  if (FIND_ONLY.has(event.id)) return LOOKUP_FIND
  if (THREADLESS.has(event.id) || (event.flags & EventFlag.skipparsereset) !== 0) return LOOKUP_NONE
  return LOOKUP_CREATE
}

/** Exit events whose descriptor is not their second parameter. */
const PARAMETERS: Readonly<Record<number, number>> = {
  7: 2, // read
  9: 2, // write
  21: 2, // bind
  23: 2, // connect
  29: 2, // send
  31: 2, // sendto
  33: 2, // recv
  35: 3, // recvfrom
  49: 2, // sendmsg
  53: 5, // recvmsg
  113: 2, // pread
  115: 2, // pwrite
  117: 3, // readv
  119: 2, // writev
  121: 3, // preadv
  123: 2, // pwritev
  161: 8, // mmap
  163: 8, // mmap2
  167: 2, // splice
  181: 2, // symlinkat
  189: 2, // sendfile
}

/** The parameter with the descriptor that an exit event is about (libsinsp's lastevent_fd); 0 = there is none. */
function fdParameterOf(event: EventInfo): number {
  if (event.enter || (event.flags & EventFlag.uses_fd) === 0) return 0
  const parameter = PARAMETERS[event.id] ?? 1
  return event.params[parameter]?.type === 'fd' ? parameter : 0
}

/** By event type: LOOKUP_* in the low two bits, the parameter with the descriptor above. */
export const LOOKUPS: Uint8Array = Uint8Array.from(EVENTS, event => lookupOf(event) | (fdParameterOf(event) << 2))
