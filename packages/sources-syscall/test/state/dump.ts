import { addressText } from '../../src/model/addresses.ts'
import {
  FD_CONNECTED,
  FD_OVERLAY_LOWER,
  FD_OVERLAY_UPPER,
  FD_ROLE_CLIENT,
  FD_ROLE_SERVER,
  type Fd,
  FdKind,
  O_CLOEXEC,
} from '../../src/model/fd.ts'
import type { Thread } from '../../src/model/thread.ts'
import type { SyscallState } from '../../src/state/state.ts'

const KINDS = new Map<number, string>(Object.entries(FdKind).map(([name, kind]) => [kind, name]))
const PROTOCOLS = ['', '', 'tcp', 'udp', 'icmp', 'raw']

/** The tables as lines: each thread with its unusual values, below it the descriptors of its process. `*`: it has a memo. */
export function dump(state: SyscallState): string[] {
  const threads = [...state.tables.threads].sort((a, b) => a.tid - b.tid)
  const lines = threads.flatMap(thread => [
    threadLine(thread),
    ...(thread.isMain || thread.isFake ? [...thread.fds].map(([num, fd]) => fdLine(num, fd)) : []),
  ])
  const { dropped } = state.tables.threads
  if (dropped > 0) lines.push(`${dropped} threads dropped`)
  return lines
}

function threadLine(thread: Thread): string {
  const facts: [string, unknown, unknown][] = [
    ['pid', thread.pid, thread.tid],
    ['ptid', thread.ptid, undefined],
    ['vtid', thread.vtid, thread.tid],
    ['vpid', thread.vpid, thread.pid],
    ['sid', thread.sid, 1],
    ['pgid', thread.pgid, thread.pid],
    ['exe', thread.exe, thread.comm],
    ['exepath', thread.exepath, `/bin/${thread.comm}`],
    ['cwd', thread.ownDirectory?.path ?? (thread.isMain ? '' : '/'), '/'],
    ['env', thread.isMain ? thread.env.join('|') : '', ''],
    ['root', thread.root, '/'],
    ['uid', thread.uid, 0],
    ['gid', thread.gid, 0],
    ['loginuid', thread.loginuid, 0xffffffff],
    ['fdlimit', thread.fdlimit, 1024],
    ['tty', thread.tty, 0],
    ['caps', thread.capEffective.toString(16), '0'],
    ['container', thread.containerId, ''],
    ['threads', thread.group?.alive ?? 0, 1],
    ['reaper', thread.group?.reaper ?? false, thread.pid === 1],
    ['dead', thread.dead, false],
  ]
  const shown = facts.filter(([, value, usual]) => value !== usual).map(([name, value]) => ` ${name}=${value}`)
  return `${thread.tid} "${thread.cmdline}"${shown.join('')}${thread.fresh().memo === null ? '' : ' *'}`
}

export function fdLine(num: number, fd: Fd): string {
  const words = [`  ${num}`, KINDS.get(fd.type) ?? `kind ${fd.type}`]
  if (fd.name !== '') words.push(fd.name)
  if (fd.nameRaw !== '' && fd.nameRaw !== fd.name) words.push(`passed=${fd.nameRaw}`)
  if (fd.sip !== null) words.push(`from=${addressText(fd.sip)}:${fd.sport}`)
  if (fd.dip !== null) words.push(`to=${addressText(fd.dip)}:${fd.dport}`)
  if (fd.l4proto !== 0) words.push(PROTOCOLS[fd.l4proto]!)
  if ((fd.flags & FD_ROLE_CLIENT) !== 0) words.push('client')
  if ((fd.flags & FD_ROLE_SERVER) !== 0) words.push('server')
  if ((fd.flags & FD_CONNECTED) !== 0) words.push('connected')
  if ((fd.flags & FD_OVERLAY_UPPER) !== 0) words.push('upper')
  if ((fd.flags & FD_OVERLAY_LOWER) !== 0) words.push('lower')
  if ((fd.openFlags & O_CLOEXEC) !== 0) words.push('cloexec')
  if (fd.ino !== 0n) words.push(`ino=${fd.ino}`)
  return `${words.join(' ')}${fd.memo === null ? '' : ' *'}`
}
