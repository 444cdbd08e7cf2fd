import { cpus, hostname, totalmem } from 'node:os'
import type { FdEntry, MachineInfo, ProcessEntry } from '../capture/visitor.ts'
import type { CaptureWriter } from '../capture/writer.ts'
import { containerEvent } from '../containers/container-event.ts'
import { FD_ROLE_SERVER, type Fd, FdKind } from '../model/fd.ts'
import { POD_EVENT } from '../model/pod.ts'
import type { Thread } from '../model/thread.ts'
import type { Tables } from '../state/tables.ts'

const NO_TIME = 0n
/** Linux's PID_MAX_LIMIT. */
const MAX_PID = 1n << 22n

/**
 * Writes the current tables, so that a recording can start in the middle of a stream. `time`: ns since 1970, the time of the
 * events that describe containers.
 */
export function writeTables(writer: CaptureWriter, tables: Tables, time: bigint): void {
  writer.machine(tables.machine ?? thisMachine(tables))
  writer.interfaces(tables.interfaces.all)
  writer.users(tables.users.usersOf(''), tables.users.groupsOf(''))
  writer.processes(processes(tables))
  const ports = listeningPorts(tables)
  for (const thread of tables.threads) {
    if (thread.tid < 0 || (!thread.isMain && thread.leader?.fds === thread.fds)) continue
    writer.fds(thread.tid, fds(thread, ports))
  }
  const tell = (info: object, name?: string) => {
    const note = containerEvent(JSON.stringify(info), time, name)
    writer.writeBytes(note, 0, note.length, 0)
  }
  for (const { info } of tables.containers.pods) if (info !== null) tell(info, POD_EVENT)
  for (const { info } of tables.containers) if (info !== null) tell({ container: info })
}

/** The local machine, for a state without machine information. */
function thisMachine(tables: Tables): MachineInfo {
  return {
    cpus: cpus().length,
    memoryBytes: BigInt(totalmem()),
    maxPid: MAX_PID,
    hostname: hostname(),
    bootTime: tables.bootTime,
    flags: NO_TIME,
  }
}

function* processes(tables: Tables): Generator<ProcessEntry> {
  for (const thread of tables.threads) if (!thread.isInvalid) yield processEntry(thread)
}

export function processEntry(thread: Thread): ProcessEntry {
  return {
    tid: thread.tid,
    pid: thread.pid,
    ptid: thread.ptid,
    sid: thread.sid,
    vpgid: thread.vpgid,
    pgid: thread.pgid,
    vtid: thread.vtid,
    vpid: thread.vpid,
    comm: thread.comm,
    exe: thread.exe,
    exepath: thread.exepath,
    args: thread.argv.items,
    cwd: thread.isMain ? (thread.ownDirectory?.path ?? '') : thread.cwd,
    env: thread.ownEnv.items,
    cgroups: thread.cgroupTexts,
    root: thread.root,
    fdlimit: thread.fdlimit,
    flags: thread.flags,
    uid: thread.uid,
    gid: thread.gid,
    loginuid: thread.loginuid,
    vmSize: thread.vmSize,
    vmRss: thread.vmRss,
    vmSwap: thread.vmSwap,
    pfMajor: BigInt(thread.pfMajor),
    pfMinor: BigInt(thread.pfMinor),
    pidnsInitStartTs: thread.pidnsInitStartTs,
    tty: thread.tty,
    capInheritable: thread.capInheritable,
    capPermitted: thread.capPermitted,
    capEffective: thread.capEffective,
    exeWritable: thread.exeWritable,
    exeUpperLayer: thread.exeUpperLayer,
    exeLowerLayer: thread.exeLowerLayer,
    exeFromMemfd: thread.exeFromMemfd,
    exeIno: thread.exeIno,
    exeCtime: thread.exeCtime,
    exeMtime: thread.exeMtime,
    cloneTs: thread.cloneTs,
  }
}

function listeningPorts(tables: Tables): Set<number> {
  const ports = new Set<number>()
  for (const thread of tables.threads) {
    for (const [, fd] of thread.fds) {
      if (fd.type === FdKind.ipv4Server || fd.type === FdKind.ipv6Server) ports.add(fd.dport)
    }
  }
  return ports
}

function* fds(thread: Thread, ports: ReadonlySet<number>): Generator<FdEntry> {
  for (const [num, fd] of thread.fds.forSnapshot()) yield fdEntry(num, fd, ports)
}

/**
 * Table entries hold the local end of a connection first, and readers treat it as the server if its port has a listener.
 * Server sockets to which this applies are written local end first.
 */
export function fdEntry(num: number, fd: Fd, ports: ReadonlySet<number>): FdEntry {
  const listens = fd.type === FdKind.ipv4Server || fd.type === FdKind.ipv6Server
  const turned = fd.type === FdKind.ipv4Socket && (fd.flags & FD_ROLE_SERVER) !== 0 && ports.has(fd.dport)
  return {
    fd: num,
    ino: fd.ino,
    type: fd.type,
    name: fd.name,
    openFlags: fd.openFlags,
    dev: fd.dev,
    sip: listens || turned ? fd.dip : fd.sip,
    dip: turned ? fd.sip : fd.dip,
    sport: listens || turned ? fd.dport : fd.sport,
    dport: turned ? fd.sport : fd.dport,
    l4proto: fd.l4proto,
    unixSource: 0n,
    unixPeer: 0n,
  }
}
