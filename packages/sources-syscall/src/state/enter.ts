import type { SyscallEvent } from '../event.ts'
import { EnterEvent } from './thread/enter-event.ts'

const NO_BYTES = new Uint8Array(0)

/** null when the event is not one to keep, or was recorded empty. */
export function enterEventOf(event: SyscallEvent): EnterEvent | null {
  const type = event.type
  switch (type) {
    case 2: // open
      return event.has(0) ? new EnterEvent(type, event.text(0), event.uint32(1), -1, -1, NO_BYTES) : null
    case 58: // creat
    case 292: // execve
      return event.has(0) ? new EnterEvent(type, event.text(0), 0, -1, -1, NO_BYTES) : null
    case 306: // openat
    case 326: // openat2
      return event.has(0)
        ? new EnterEvent(type, event.text(1), event.uint32(2), event.int64Number(0), -1, NO_BYTES)
        : null
    case 330: // execveat
      return new EnterEvent(type, event.text(1), event.uint32(2), event.int64Number(0), -1, NO_BYTES)
    case 22: // connect
      return new EnterEvent(type, '', 0, -1, event.int64Number(0, -1), event.blob(1).slice())
    default:
      return null
  }
}
