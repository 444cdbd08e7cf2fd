import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { EVENTS, EventClass, type EventInfo, eventIdsOf } from '../events/table.ts'
import { FdKind } from '../model/fd.ts'
import { genericName } from './event-types.ts'

/** evt.category. */
export function categoryText(event: SyscallEvent): string {
  const info = EVENTS[event.type]!
  if (event.type === PPME.GENERIC_X) return genericCategory(event)
  switch (info.category) {
    case 'io_read':
    case 'io_write':
    case 'io_other':
      return event.fd === null ? 'unknown' : ioCategory(event.fd.type)
    case 'ipc':
      return 'IPC'
    case 'unknown':
      return classText(info)
    default:
      return info.category
  }
}

/** The category of a call that has no event of its own, or whose event is no longer recorded. */
function genericCategory(event: SyscallEvent): string {
  const own = eventIdsOf(genericName(event) ?? '')[0]
  return own === undefined ? 'other' : EVENTS[own]!.category
}

/** The category of I/O calls depends on the descriptor. */
function ioCategory(fdType: number): string {
  switch (fdType) {
    case FdKind.file:
    case FdKind.fileV2:
    case FdKind.directory:
      return 'file'
    case FdKind.ipv4Socket:
    case FdKind.ipv6Socket:
    case FdKind.ipv4Server:
    case FdKind.ipv6Server:
      return 'net'
    case FdKind.fifo:
    case FdKind.unixSocket:
    case FdKind.event:
    case FdKind.signalfd:
    case FdKind.inotify:
    case FdKind.userfaultfd:
      return 'ipc'
    default:
      return 'unknown'
  }
}

function classText(info: EventInfo): string {
  if (info.classes & EventClass.wait) return 'wait'
  if (info.classes & EventClass.scheduler) return 'scheduler'
  if (info.classes & EventClass.internal) return 'internal'
  return 'unknown'
}
