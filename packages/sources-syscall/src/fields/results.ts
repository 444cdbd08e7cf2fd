import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { EVENTS, EventClass } from '../events/table.ts'
import { integer } from './formats/integer.ts'

/** By event id: 1 = the first parameter is the call's return value. True of all system call exit events except generic ones. */
const RETURNS: Uint8Array = Uint8Array.from(EVENTS, event =>
  (event.classes & EventClass.syscall) !== 0 && !event.enter && event.id !== PPME.GENERIC_X && event.params.length > 0
    ? 1
    : 0,
)

/** The parameter of an exit event that holds what the call returned: the first. */
export const RESULT = 0

/** The call's return value, negative = -errno; undefined = the event is not a system call exit. */
export function returnValue(event: SyscallEvent): number | bigint | undefined {
  if (RETURNS[event.type] === 0 || event.nparams === 0) return undefined
  switch (event.paramLength(RESULT)) {
    case 8: {
      const value = event.int64Number(RESULT)
      return Number.isSafeInteger(value) ? value : integer(event.int64(RESULT))
    }
    case 4:
      return event.int32(RESULT)
    default:
      return undefined
  }
}

/** True if the call returned an error; undefined = the event is not a system call exit. */
export function failed(event: SyscallEvent): boolean | undefined {
  const value = returnValue(event)
  return value === undefined ? undefined : value < 0
}
