import type { FdEntry, ProcessEntry } from '../capture/visitor.ts'
import { addressText, isMapped, tupleText, unmap } from '../model/addresses.ts'
import { CL_ACTIVE, CL_CLONE_FILES } from '../model/clone-flags.ts'
import { FD_CONNECTED, FD_ROLE_CLIENT, FD_ROLE_SERVER, Fd, FdKind, L4_TCP } from '../model/fd.ts'
import { FdTable } from '../model/fd-table.ts'
import { EMPTY_LIST, StringList } from '../model/string-list.ts'
import type { Thread } from '../model/thread.ts'
import { WorkingDirectory } from '../model/working-directory.ts'
import { concatenatePaths, withoutDeleted } from './paths.ts'
import type { Tables } from './tables.ts'

const encoder = new TextEncoder()

/** Reads a thread of the initial tables. Groups and parents are assigned once all threads are read. */
export function readProcess(tables: Tables, entry: ProcessEntry): Thread {
  const isMain = entry.tid === entry.pid
  const thread = tables.newThread(
    entry.tid,
    entry.pid,
    entry.ptid,
    new FdTable(isMain || (entry.flags & CL_CLONE_FILES) === 0 ? undefined : 0),
  )
  thread.sid = entry.sid
  thread.vpgid = entry.vpgid
  thread.pgid = entry.pgid
  thread.vtid = entry.vtid
  thread.vpid = entry.vpid
  thread.rename(entry.comm, entry.exe, listOf(entry.args))
  thread.exepath = withoutDeleted(entry.exepath)
  if (isMain) {
    if (tables.keepsEnvironments) thread.ownEnv = listOf(entry.env)
    const cwd = concatenatePaths('', entry.cwd)
    thread.ownDirectory = new WorkingDirectory(cwd.endsWith('/') ? cwd : `${cwd}/`)
  }
  thread.root = entry.root
  thread.flags = entry.flags | CL_ACTIVE
  thread.fdlimit = entry.fdlimit
  thread.uid = entry.uid
  thread.gid = entry.gid
  thread.loginuid = entry.loginuid
  thread.capPermitted = entry.capPermitted
  thread.capEffective = entry.capEffective
  thread.capInheritable = entry.capInheritable
  thread.vmSize = entry.vmSize
  thread.vmRss = entry.vmRss
  thread.vmSwap = entry.vmSwap
  thread.pfMajor = Number(entry.pfMajor)
  thread.pfMinor = Number(entry.pfMinor)
  thread.pidnsInitStartTs = entry.pidnsInitStartTs
  thread.exeIno = entry.exeIno
  thread.exeCtime = entry.exeCtime
  thread.exeMtime = entry.exeMtime
  thread.exeWritable = entry.exeWritable
  thread.exeUpperLayer = entry.exeUpperLayer
  thread.exeLowerLayer = entry.exeLowerLayer
  thread.exeFromMemfd = entry.exeFromMemfd
  thread.tty = entry.tty
  thread.cloneTs = entry.cloneTs
  if (entry.cgroups.length > 0) {
    const bytes = encoder.encode(joined(entry.cgroups))
    thread.cgroupSet = tables.containers.resolve(bytes, 0, bytes.length)
    thread.container = thread.cgroupSet.container
    tables.names.claim(thread.container)
  }
  return thread
}

export function listOf(items: readonly string[]): StringList {
  return items.length === 0 ? EMPTY_LIST : new StringList(joined(items))
}

/** A list as events have it: each string with its NUL. */
function joined(texts: readonly string[]): string {
  return [...texts, ''].join('\0')
}

/** Reads a descriptor of the initial tables. */
export function readFd(tables: Tables, entry: FdEntry): Fd {
  const fd = new Fd(entry.fd, entry.type)
  fd.inoLow = Number(BigInt.asIntN(32, entry.ino))
  fd.inoHigh = Number(BigInt.asUintN(32, entry.ino >> 32n))
  fd.openFlags = entry.openFlags
  fd.dev = entry.dev
  fd.name = entry.name
  if (entry.l4proto !== 0) fd.l4proto = entry.l4proto
  switch (entry.type) {
    case FdKind.ipv4Socket:
    case FdKind.ipv6Socket: {
      const mapped = entry.type === FdKind.ipv6Socket && isMapped(entry.sip!) && isMapped(entry.dip!)
      if (mapped) fd.type = FdKind.ipv4Socket
      fd.sip = mapped ? unmap(entry.sip!) : entry.sip
      fd.dip = mapped ? unmap(entry.dip!) : entry.dip
      fd.sport = entry.sport
      fd.dport = entry.dport
      if (entry.l4proto === L4_TCP) fd.flags |= FD_CONNECTED
      if (fd.type === FdKind.ipv4Socket) tables.interfaces.complete(fd)
      fd.name = tupleText(fd.sip!, fd.sport, fd.dip!, fd.dport)
      break
    }
    case FdKind.ipv4Server:
    case FdKind.ipv6Server:
      fd.dip = entry.sip
      fd.dport = entry.sport
      fd.name = `${addressText(entry.sip!)}:${entry.sport}`
      break
    case FdKind.unixSocket:
      fd.flags |= entry.name === '' ? FD_ROLE_CLIENT : FD_ROLE_SERVER
      break
  }
  return fd
}

/**
 * Assigns roles to the connections of the initial tables, which do not record who opened them: an IPv4 connection whose
 * local port has a listener was opened by the other end. IPv6 connections get no role, as in Falco.
 */
export function assignRoles(threads: Iterable<Thread>): void {
  const tables = new Set<FdTable>()
  for (const thread of threads) tables.add(thread.fds)
  const ports = new Set<number>()
  for (const table of tables) {
    for (const [, fd] of table) if (fd.type === FdKind.ipv4Server || fd.type === FdKind.ipv6Server) ports.add(fd.dport)
  }
  for (const table of tables) {
    for (const [, fd] of table) {
      if (fd.type !== FdKind.ipv4Socket) continue
      if (!ports.has(fd.sport)) {
        fd.flags |= FD_ROLE_CLIENT
        continue
      }
      const { sip, sport } = fd
      fd.sip = fd.dip
      fd.sport = fd.dport
      fd.dip = sip
      fd.dport = sport
      fd.name = tupleText(fd.sip!, fd.sport, fd.dip!, fd.dport)
      fd.flags |= FD_ROLE_SERVER
    }
  }
}
