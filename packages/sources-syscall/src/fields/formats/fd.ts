import { FD_ROLES, type Fd, FdKind, L4_ICMP, L4_RAW, L4_TCP, L4_UDP, L4_UNKNOWN } from '../../model/fd.ts'

/** fd.type by SCAP_FD_*. */
const TYPE_NAMES = [
  '<NA>',
  'file',
  'directory',
  'ipv4',
  'ipv6',
  'ipv4',
  'ipv6',
  'pipe',
  'unix',
  'event',
  '<NA>',
  'signalfd',
  'eventpoll',
  'inotify',
  'timerfd',
  'netlink',
  'file',
  'bpf',
  'userfaultfd',
  'io_uring',
  'memfd',
  'pidfd',
] as const

/** fd.typechar by SCAP_FD_*. */
const TYPE_CHARS = 'ofd4646pueXslitnfburmP'

/** The type of a descriptor in words; `<NA>` for unknown types. */
export function fdTypeName(fd: Fd): string {
  return TYPE_NAMES[fd.type] ?? '<NA>'
}

/** The type of a descriptor as one letter. */
export function fdTypeChar(fd: Fd): string {
  return TYPE_CHARS[fd.type] ?? 'o'
}

/**
 * Transport protocol of a socket. Connected sockets without a role have none, except raw ones; neither does anything but an
 * inet socket.
 */
export function fdL4Proto(fd: Fd): number {
  switch (fd.type) {
    case FdKind.ipv4Socket:
    case FdKind.ipv6Socket:
      return fd.l4proto === L4_RAW || (fd.flags & FD_ROLES) !== 0 ? fd.l4proto : L4_UNKNOWN
    case FdKind.ipv4Server:
    case FdKind.ipv6Server:
      return fd.l4proto
    default:
      return L4_UNKNOWN
  }
}

/** fd.l4proto. */
export function l4ProtoName(l4proto: number): string {
  switch (l4proto) {
    case L4_TCP:
      return 'tcp'
    case L4_UDP:
      return 'udp'
    case L4_ICMP:
      return 'icmp'
    case L4_RAW:
      return 'raw'
    default:
      return '<NA>'
  }
}

function l4ProtoChar(l4proto: number): string {
  const name = l4ProtoName(l4proto)
  return name === '<NA>' ? '' : name[0]!
}

/** A descriptor as event arguments show it: `<f>/etc/passwd`, `<4t>1.2.3.4:5->6.7.8.9:10`. */
export function fdText(fd: Fd): string {
  return `<${fdTypeChar(fd)}${l4ProtoChar(fdL4Proto(fd))}>${fd.name}`
}
