import type { SyscallEvent } from '../event.ts'
import { EVENT_FLAGS, EventFlag } from '../events/table.ts'
import { FD_CONNECTED, FD_OVERLAY_LOWER, FD_OVERLAY_UPPER, type Fd, FdKind } from '../model/fd.ts'
import { directoryName, fileName, singleSlashes } from './directory.ts'
import { failedConnect, lostFd, lostName, lostNameRaw, lostTypeChar } from './fd-lost.ts'
import { fdTypeChar, fdTypeName } from './formats/fd.ts'
import { integer } from './formats/integer.ts'
import type { Field, Fields } from './table.ts'

const FD_EVENTS = EventFlag.creates_fd | EventFlag.uses_fd | EventFlag.destroys_fd

/** True if the event is about a descriptor; otherwise it has no fd.* fields. */
export function isAboutFd(event: SyscallEvent): boolean {
  return (EVENT_FLAGS[event.type]! & FD_EVENTS) !== 0 && event.thread !== null
}

/**
 * The object that caches fd.* values: the descriptor, or what stands for it. None where the call failed and the values come from
 * the arguments of an event that is not known to repeat another.
 */
export function fdHolder(event: SyscallEvent): Fd | undefined {
  if (event.fd === null) return event.tried ?? lostFd(event)
  return failedConnect(event) ? undefined : event.fd
}

/** A value that depends only on the descriptor. */
export function ofFd(
  type: Field['type'],
  doc: string,
  of: (fd: Fd) => string | number | bigint | boolean | Uint8Array | undefined,
  print?: Field['print'],
): Field {
  return {
    type,
    scope: 'fd',
    ...(print === undefined ? {} : { print }),
    doc,
    extract: event => (event.fd === null ? undefined : of(event.fd)),
  } as Field
}

function isFile(fd: Fd): boolean {
  return fd.type === FdKind.file || fd.type === FdKind.fileV2
}

function name(event: SyscallEvent): string | undefined {
  if (event.fd !== null && !failedConnect(event)) return event.fd.name
  return isAboutFd(event) ? lostName(event) : undefined
}

function directory(event: SyscallEvent): string | undefined {
  const { fd } = event
  if (fd === null) {
    const path = isAboutFd(event) ? lostName(event) : undefined
    return path === undefined ? undefined : directoryName(path)
  }
  if (fd.type === FdKind.directory) return fd.name
  return isFile(fd) ? directoryName(fd.name) : undefined
}

function inContainer(event: SyscallEvent, text: string | undefined): string | undefined {
  return text === undefined || event.thread === null ? undefined : `${event.thread.containerId}:${text}`
}

/** The types of all open descriptors of the process, without duplicates; with a number, the type of that descriptor. */
function types(event: SyscallEvent, num?: number): readonly string[] | undefined {
  if (!isAboutFd(event)) return undefined
  const { fds } = event.thread!
  if (num !== undefined) {
    const fd = fds.get(num)
    return fd === null ? undefined : [fdTypeName(fd)]
  }
  const names = new Set<string>()
  for (const fd of fds.inOrder()) names.add(fdTypeName(fd))
  return [...names]
}

/** The descriptor that the event is about. */
export const FD_FIELDS: Fields = {
  'fd.num': {
    type: 'int64',
    print: 'id',
    doc: 'Number of the descriptor that the event is about.',
    extract: event => (isAboutFd(event) ? event.fdNum : undefined),
  },
  'fd.type': ofFd(
    'string',
    'Kind of the descriptor: file, directory, ipv4, ipv6, unix, pipe, event, signalfd, eventpoll, inotify, timerfd, netlink, bpf, userfaultfd, io_uring, memfd, pidfd.',
    fdTypeName,
    'dec',
  ),
  'fd.typechar': {
    type: 'string',
    print: 'dec',
    scope: 'fd',
    doc: 'Kind of the descriptor as a letter: f file, d directory, 4 and 6 sockets, u unix socket, p pipe, e event, s signalfd, l eventpoll, i inotify, t timerfd, n netlink, b bpf, r io_uring, m memfd, P pidfd, o unknown.',
    extract: event => {
      if (event.fd !== null) return fdTypeChar(event.fd)
      return isAboutFd(event) ? lostTypeChar(event) : undefined
    },
  },
  'fd.name': {
    type: 'string',
    scope: 'fd',
    doc: 'Full name: the path of a file, or both ends of a connection. For a call that failed to open or connect: what it tried to open or connect to.',
    extract: name,
  },
  'fd.nameraw': {
    type: 'string',
    scope: 'fd',
    doc: 'Path of a file as it was passed, not made absolute.',
    extract: event => {
      if (event.fd !== null) return singleSlashes(event.fd.nameRaw)
      return isAboutFd(event) ? lostNameRaw(event) : undefined
    },
  },
  'fd.nameresolved': {
    type: 'string',
    scope: 'fd',
    doc: 'Path of the file that was opened, as the kernel found it, where it is not the path that was passed: links, mounts and a changed root are followed. Absent in captures without it.',
    extract: event => (event.fd === null || event.fd.resolved === '' ? undefined : event.fd.resolved),
  },
  'fd.directory': {
    type: 'string',
    scope: 'fd',
    doc: 'Directory of a file, or the directory itself.',
    extract: directory,
  },
  'fd.filename': ofFd('string', 'Name of a file without its directory.', fd =>
    isFile(fd) ? fileName(fd.name) : undefined,
  ),
  'fd.containername': {
    type: 'string',
    doc: 'Container id and fd.name with a colon between.',
    extract: event => inContainer(event, name(event)),
  },
  'fd.containerdirectory': {
    type: 'string',
    doc: 'Container id and fd.directory with a colon between.',
    extract: event => inContainer(event, directory(event)),
  },
  'fd.uid': {
    type: 'string',
    doc: 'Thread id and number of the descriptor, one after the other: a name for the descriptor.',
    extract: event => (isAboutFd(event) ? `${event.tid}${event.fdNum}` : undefined),
  },
  'fd.types': {
    type: 'string',
    list: true,
    arg: 'optional',
    argKind: 'index',
    noRhs: true,
    print: 'dec',
    doc: 'Kinds of all descriptors that the process has open, each once; `fd.types[N]` of one of them.',
    extract: types,
  },
  'fd.connected': ofFd('bool', 'The socket is connected.', fd => (fd.flags & FD_CONNECTED) !== 0),
  'fd.name_changed': {
    type: 'bool',
    doc: 'The event has changed the name of the descriptor, as when a socket is used for another peer.',
    extract: event => (event.fd === null ? undefined : event.fd === event.renamed),
  },
  'fd.dev': ofFd('int32', 'Number of the device that holds the file.', fd => fd.dev, 'hex'),
  'fd.dev.major': ofFd('int32', 'Major number of that device.', fd => (fd.dev >>> 8) & 0xfff, 'dec'),
  'fd.dev.minor': ofFd(
    'int32',
    'Minor number of that device.',
    fd => (fd.dev & 0xff) | ((fd.dev >>> 12) & 0xfff00),
    'dec',
  ),
  'fd.ino': ofFd(
    'int64',
    'Inode number of the file.',
    fd => (fd.inoHigh === 0 ? fd.inoLow >>> 0 : integer(fd.ino)),
    'dec',
  ),
  'fd.is_upper_layer': ofFd(
    'bool',
    'The file lies in the upper layer of an overlay: it is not from the image.',
    fd => (fd.flags & FD_OVERLAY_UPPER) !== 0,
  ),
  'fd.is_lower_layer': ofFd(
    'bool',
    'The file lies in the lower layer of an overlay: it is from the image.',
    fd => (fd.flags & FD_OVERLAY_LOWER) !== 0,
  ),
}
