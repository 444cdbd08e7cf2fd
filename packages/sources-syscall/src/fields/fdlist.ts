import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { positions } from '../events/positions.ts'
import type { Fd } from '../model/fd.ts'
import { FdKind } from '../model/fd.ts'
import { ipText } from './formats/address.ts'
import { readFdList } from './formats/fd-list.ts'
import type { Field, Fields } from './table.ts'

/** Printed for a descriptor that lacks the value. */
const ABSENT = '<NA>'
const POLL = positions(['fds'], 'SYSCALL_POLL_X', 'SYSCALL_PPOLL_X')

/** A comma-separated list with a value for each descriptor that poll or ppoll waits for; absent if none has one. */
function each(doc: string, print: Field['print'], of: (fd: Fd | null, num: number) => string): Field {
  return {
    type: 'string',
    ...(print === undefined ? {} : { print }),
    doc,
    extract: event => {
      const thread = event.thread
      if (thread === null || !polls(event) || !event.has(POLL.fds)) return undefined
      const texts = readFdList(event, event.paramOffset(POLL.fds), event.paramLength(POLL.fds)).map(({ num }) =>
        of(thread.fds.get(num), num),
      )
      return texts.every(text => text === '') ? undefined : texts.map(text => text || ABSENT).join(',')
    },
  }
}

function polls(event: SyscallEvent): boolean {
  return event.type === PPME.SYSCALL_POLL_X || event.type === PPME.SYSCALL_PPOLL_X
}

function isIpv4(fd: Fd | null): fd is Fd {
  return fd !== null && (fd.type === FdKind.ipv4Socket || fd.type === FdKind.ipv4Server)
}

/** The descriptors that poll and ppoll wait for. */
export const FDLIST_FIELDS: Fields = {
  'fdlist.nums': each('Numbers of the descriptors that are waited for.', 'id', (_, num) => num.toString()),
  'fdlist.names': each('Names of the descriptors that are waited for.', undefined, fd => fd?.name || ABSENT),
  'fdlist.cips': each('Client addresses of the sockets that are waited for.', undefined, fd =>
    fd?.type === FdKind.ipv4Socket && fd.sip !== null ? ipText(fd.sip) : '',
  ),
  'fdlist.sips': each('Server addresses of the sockets that are waited for.', undefined, fd =>
    isIpv4(fd) && fd.dip !== null ? ipText(fd.dip) : '',
  ),
  'fdlist.cports': each('Client ports of the sockets that are waited for.', 'dec', fd =>
    fd?.type === FdKind.ipv4Socket ? fd.sport.toString() : '',
  ),
  'fdlist.sports': each('Server ports of the sockets that are waited for.', 'dec', fd =>
    isIpv4(fd) ? fd.dport.toString() : '',
  ),
}
