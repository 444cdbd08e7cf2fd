import type { Window } from '../capture/window.ts'
import { EVENT_HEADER } from '../event.ts'
import { int64, uint16, uint32 } from '../events/integers.ts'
import { positions } from '../events/positions.ts'
import { EVENTS } from '../events/table.ts'
import { AF_INET, AF_INET6, AF_UNIX } from '../model/addresses.ts'
import { type Fd, FdKind } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { UnixEnds } from '../model/unix-ends.ts'
import type { ExcludesByObjects } from './plain-opens.ts'
import { hasEnds, isTcp } from './socket-ends.ts'
import { isUnconnected } from './transfers.ts'

const RECEIVED = ['SOCKET_RECV_X', 'SOCKET_RECVFROM_X', 'SOCKET_RECVMSG_X'] as const
const SENT = ['SOCKET_SEND_X', 'SOCKET_SENDTO_X', 'SOCKET_SENDMSG_X'] as const
const PLACES = EVENTS.map(({ code }) => {
  const message = [...RECEIVED, ...SENT].find(one => one === code)
  return message === undefined ? { fd: -1, tuple: -1 } : positions(['fd', 'tuple'], message)
})
/** By event type: positions of the descriptor and of the ends; -1: the call does not carry one message. */
const FD = Int8Array.from(PLACES, ({ fd }) => fd)
const TUPLE = Int8Array.from(PLACES, ({ tuple }) => tuple)
const SENDS = Uint8Array.from(EVENTS, ({ code }) => (SENT.some(one => one === code) ? 1 : 0))
/** Second names: see event.ts. */
const HEADER = EVENT_HEADER
const UNIX_SOCKET = FdKind.unixSocket

/** Whether events of the type are about one message over a socket. */
export function isMessage(type: number): boolean {
  return FD[type]! >= 0
}

/** The reader's name differs from the writer's: the ends are in the opposite order. */
function rename(thread: Thread, num: number, known: Fd, ends: UnixEnds): void {
  if (ends.isNameOf(known) && known.type === UNIX_SOCKET) return
  const fd = thread.fds.own(num) ?? known
  fd.memo = null
  fd.type = UNIX_SOCKET
  fd.nameLate(ends)
}

/** Messages over sockets: most show nothing new about a socket, and the caches on it and its thread show that no rule can match. */
export class Messages {
  readonly #wanted: ReadonlySet<number>
  readonly #excludes: ExcludesByObjects

  /** @param wanted event types that rules see */
  constructor(wanted: ReadonlySet<number>, excludes: ExcludesByObjects) {
    this.#wanted = wanted
    this.#excludes = excludes
  }

  /** Whether the message whose header starts at `start` must be read. See state/transfers.ts for what it would do. */
  matters({ bytes, view }: Window, start: number, limit: number, thread: Thread): boolean {
    const type = uint16(view, start + 20)
    const count = uint32(view, start + 22)
    const end = start + uint32(view, start + 16)
    const result = start + HEADER + count * 2
    const place = FD[type]!
    const ends = TUPLE[type]!
    if (count <= place || count <= ends || end > limit || result + 8 > end) return true
    let at = result
    let num = -1
    let from = 0
    let to = 0
    for (let i = 0, lengths = start + HEADER; i < count; i++, lengths += 2) {
      const length = uint16(view, lengths)
      if (at + length > end || ((i === 0 || i === place) && length !== 8)) return true
      if (i === place) num = int64(view, at)
      else if (i === ends) {
        from = at
        to = at + length
      }
      at += length
    }
    const fd = thread.fds.get(num)
    // Its new name cannot make a rule match that its thread excludes.
    const unseen = !this.#wanted.has(type) || this.#excludes(type, thread, undefined)
    const succeeded = view.getInt32(result + 4, true) >= 0
    const family = from < to ? bytes[from] : -1
    // To send over a socket that is not known makes it known.
    if (fd === null && succeeded && SENDS[type] === 1 && (family === AF_INET || family === AF_INET6)) return true
    if (!unseen && !this.#excludes(type, thread, fd)) return true
    if (!succeeded || fd === null) return false
    if (isUnconnected(fd)) return true
    if (from === to) return false
    if (isTcp(fd)) return fd.name === ''
    if (family === AF_UNIX) {
      if (fd.type === UNIX_SOCKET && UnixEnds.areKnown(fd, bytes, view, from, to)) return false
      const ends = unseen ? UnixEnds.read(bytes, view, from, to) : null
      if (ends !== null) rename(thread, num, fd, ends)
      return ends === null
    }
    return (family === AF_INET || family === AF_INET6) && !hasEnds(fd, bytes, from, to)
  }
}
