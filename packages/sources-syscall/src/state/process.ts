import type { SyscallEvent } from '../event.ts'
import { directoryOf } from './directories.ts'
import type { Machine } from './machine.ts'
import { concatenatePaths } from './paths.ts'
import { EMPTY_LIST, StringList } from './thread/arguments.ts'
import { FdTable } from './thread/fd-table.ts'
import {
  CL_ACTIVE,
  CL_CHILD_IN_PIDNS,
  CL_CLONE_FILES,
  CL_CLONE_INVERTED,
  CL_CLONE_NEWPID,
  CL_CLONE_PARENT,
  CL_CLONE_THREAD,
  CL_CLONE_VFORK,
  CL_IS_MAIN_THREAD,
  CL_NAME_CHANGED,
  CL_PIPE_DST,
  CL_PIPE_SRC,
  type Thread,
} from './thread.ts'

/** A child that the caller's event has made is believed to be the one of the child's event for this long. */
const CLONE_STALE_NS = 2e9
const VFORK_EXIT = 227

/** Bits of execve's flags parameter. */
const EXE_WRITABLE = 1
const EXE_UPPER_LAYER = 2
const EXE_FROM_MEMFD = 4
const EXE_LOWER_LAYER = 8
/** Bit of execveat's flags: the path is that of the descriptor. */
const AT_EMPTY_PATH = 1

/** clone, clone3, fork, vfork: exit event in the caller or in the child. */
export function clone(machine: Machine, event: SyscallEvent): void {
  const result = event.int64Number(0, -1)
  if (result < 0) return
  if (result === 0) cloneInChild(machine, event)
  else cloneInCaller(machine, event, result)
  const thread = event.thread
  if (thread !== null) resolveContainer(machine, thread)
}

function cloneInCaller(machine: Machine, event: SyscallEvent, childTid: number): void {
  const caller = machine.threadOf(event.tid)
  event.thread = caller
  if (caller === null) return
  const valid = !caller.isInvalid
  if (!valid) {
    caller.pid = event.int64Number(4)
    caller.ptid = event.int64Number(5)
    caller.vtid = event.has(19) ? event.int64Number(18) : caller.tid
    caller.vpid = event.has(19) ? event.int64Number(19) : -1
    machine.threads.link(caller)
  }
  const flags = event.uint32(15)
  // In a pid namespace the number is not one of the machine's: the child's own event tells.
  if ((flags & (CL_CHILD_IN_PIDNS | CL_CLONE_NEWPID | CL_CLONE_PARENT)) !== 0 || caller.tid !== caller.vtid) return
  // The caller of vfork returns after the child has gone its way, perhaps after its end.
  if ((flags & CL_CLONE_VFORK) !== 0 || event.type === VFORK_EXIT) return
  if (machine.exits.has(caller.tid, childTid, event.timeNumber)) return
  const existing = machine.threads.get(childTid)
  if (existing !== null) {
    if ((existing.flags & CL_CLONE_INVERTED) !== 0) return
    machine.removeThread(existing, -1)
  }
  const isThread = (flags & CL_CLONE_THREAD) !== 0
  const child = machine.newThread(
    childTid,
    isThread ? caller.pid : childTid,
    isThread ? caller.ptid : caller.tid,
    isThread || !valid ? new FdTable(isThread ? 0 : undefined) : caller.fds.fork(),
  )
  child.flags = isThread ? flags | CL_CLONE_FILES : flags
  child.vtid = childTid
  child.vpid = child.pid
  if (isThread) child.lastExecTs = caller.lastExecTs
  readClone(machine, event, child, caller)
  child.pidnsInitStartTs = machine.bootTime
  if (valid) {
    inherit(child, caller)
    if (!isThread) inheritProcess(child, caller)
  } else {
    caller.rename(child.comm, child.exe, child.argv)
    machine.threads.changed(caller)
  }
  machine.threads.add(child)
  if (existing !== null) event.thread = machine.threads.get(event.tid)
}

function cloneInChild(machine: Machine, event: SyscallEvent): void {
  const known = event.thread
  if (known !== null && known.cloneTs !== 0n) {
    if (event.timeNumber - Number(known.cloneTs) < CLONE_STALE_NS) return
    machine.removeThread(known, -1)
    event.thread = null
  }
  const flags = event.uint32(15) | CL_CLONE_INVERTED
  const isThread = (flags & CL_CLONE_THREAD) !== 0
  const tid = event.tid
  const pid = event.int64Number(4)
  const ptid = event.int64Number(5)
  // A thread is like its main thread, a process like its parent.
  const model = machine.threadOf(isThread ? pid : ptid)
  if (model === null) {
    event.thread = null
    return
  }
  const valid = !model.isInvalid
  const child = machine.newThread(
    tid,
    pid,
    ptid,
    isThread || !valid ? new FdTable(isThread ? 0 : undefined) : model.fds.fork(),
  )
  child.flags = isThread ? flags | CL_CLONE_FILES : flags
  child.vtid = event.has(19) ? event.int64Number(18) : tid
  child.vpid = event.has(19) ? event.int64Number(19) : -1
  if (!valid && isThread) {
    model.pid = pid
    model.ptid = ptid
    model.vpid = child.vpid
    model.vtid = child.vpid
    machine.threads.link(model)
  }
  readClone(machine, event, child, model)
  if (valid) {
    inherit(child, model)
    if (isThread) child.lastExecTs = model.lastExecTs
    else inheritProcess(child, model)
  } else if (isThread) {
    model.rename(child.comm, child.exe, child.argv)
    machine.threads.changed(model)
  }
  if ((flags & (CL_CHILD_IN_PIDNS | CL_CLONE_NEWPID)) !== 0 || tid !== child.vtid) {
    if (event.has(20)) child.pidnsInitStartTs = event.uint64(20) + machine.bootTime
  } else child.pidnsInitStartTs = machine.bootTime
  event.thread = machine.threads.add(child) ? child : null
}

/** What a clone event itself tells about the child. `relative`: a thread that most likely has the same arguments and cgroups. */
function readClone(machine: Machine, event: SyscallEvent, child: Thread, relative: Thread): void {
  const exe = event.text(1)
  child.rename(event.has(13) ? event.text(13) : exe, exe, listOf(event, 2, relative.argv))
  child.fdlimit = event.int64Number(7)
  readMemory(event, child)
  child.uid = event.uint32(16)
  child.gid = event.uint32(17)
  machine.learnUser(machine.containers.host, child.uid, null)
  machine.learnGroup(machine.containers.host, child.gid, null)
  if (event.has(14)) child.cgroupSet = machine.cgroupsOf(event, 14, relative.cgroupSet)
  child.cloneTs = event.time
}

function readMemory(event: SyscallEvent, thread: Thread): void {
  if (!event.has(12)) return
  thread.pfMajor = event.uint64Number(8)
  thread.pfMinor = event.uint64Number(9)
  thread.vmSize = event.uint32(10)
  thread.vmRss = event.uint32(11)
  thread.vmSwap = event.uint32(12)
}

function inherit(child: Thread, model: Thread): void {
  child.exepath = model.exepath
  child.exeWritable = model.exeWritable
  child.exeUpperLayer = model.exeUpperLayer
  child.exeLowerLayer = model.exeLowerLayer
  child.exeFromMemfd = model.exeFromMemfd
  child.root = model.root
  child.sid = model.sid
  child.vpgid = model.vpgid
  child.pgid = model.pgid
  child.tty = model.tty
  child.loginuid = model.loginuid
  child.capPermitted = model.capPermitted
  child.capInheritable = model.capInheritable
  child.capEffective = model.capEffective
  child.exeIno = model.exeIno
  child.exeCtime = model.exeCtime
  child.exeMtime = model.exeMtime
  child.exeCtimeToStart = model.exeCtimeToStart
}

function inheritProcess(child: Thread, model: Thread): void {
  child.ownCwd = model.cwd
  child.ownEnv = model.ownEnv
}

/** execve and execveat: exit event, in the thread that now runs another program. */
export function execve(machine: Machine, event: SyscallEvent, thread: Thread): void {
  if (event.int64Number(0, -1) < 0) return
  if (thread.dead) {
    // The main thread had exited; another thread of the group takes its id over.
    thread.dead = false
    if (thread.group !== null) thread.group.alive++
  }
  const exe = event.text(1)
  thread.rename(event.has(13) ? event.text(13) : exe, exe, listOf(event, 2, thread.argv))
  thread.lastExecTs = event.time
  thread.pid = event.int64Number(4)
  if (thread.isInvalid) {
    thread.ptid = event.int64Number(5)
    if ((thread.flags & CL_CHILD_IN_PIDNS) === 0) {
      thread.vtid = thread.tid
      thread.vpid = thread.pid
    }
    machine.threads.link(thread)
  }
  thread.fdlimit = event.int64Number(7)
  readMemory(event, thread)
  if (event.has(15)) thread.ownEnv = listOf(event, 15, thread.ownEnv)
  if (event.has(14)) thread.cgroupSet = machine.cgroupsOf(event, 14, thread.cgroupSet)
  if (event.has(16)) thread.tty = event.uint32(16)
  if (event.has(27)) thread.exepath = event.text(27)
  else if (machine.enter !== null) thread.exepath = exepathOf(event, thread, machine)
  if (event.has(18)) thread.loginuid = event.uint32(18)
  if (event.has(19)) {
    const flags = event.uint32(19)
    thread.exeWritable = (flags & EXE_WRITABLE) !== 0
    thread.exeUpperLayer = (flags & EXE_UPPER_LAYER) !== 0
    thread.exeFromMemfd = (flags & EXE_FROM_MEMFD) !== 0
    thread.exeLowerLayer = (flags & EXE_LOWER_LAYER) !== 0
  }
  if (event.has(22)) {
    thread.capInheritable = event.uint64(20)
    thread.capPermitted = event.uint64(21)
    thread.capEffective = event.uint64(22)
  }
  if (event.has(25)) readExecutableTimes(event, thread)
  if (event.has(26)) thread.uid = event.uint32(26)
  if (event.has(29)) thread.gid = event.uint32(29)
  const vpgid = event.has(17) ? event.int64Number(17) : thread.vpgid
  machine.threads.setLeaders(thread, thread.sid, vpgid, event.int64Number(28, -1))
  thread.flags =
    (thread.flags & (CL_PIPE_SRC | CL_PIPE_DST | CL_IS_MAIN_THREAD | CL_CLONE_INVERTED)) | CL_ACTIVE | CL_NAME_CHANGED
  thread.fds.deleteCloseOnExec()
  resolveContainer(machine, thread)
  machine.learnUser(thread.container, thread.uid, thread)
  machine.learnGroup(thread.container, thread.gid, thread)
  machine.threads.changed(thread)
  endSiblings(machine, thread)
}

function readExecutableTimes(event: SyscallEvent, thread: Thread): void {
  thread.exeIno = event.uint64(23)
  thread.exeCtime = event.uint64(24)
  thread.exeMtime = event.uint64(25)
  if (thread.cloneTs !== 0n) thread.exeCtimeToStart = BigInt.asUintN(64, thread.cloneTs - thread.exeCtime)
  if (thread.pidnsInitStartTs !== 0n && thread.exeCtime > thread.pidnsInitStartTs) {
    thread.exeCtimeFromPidns = thread.exeCtime - thread.pidnsInitStartTs
  }
}

/** The executable's path from the enter event, for captures whose exit event does not tell it. */
function exepathOf(event: SyscallEvent, thread: Thread, machine: Machine): string {
  const enter = machine.enter!
  const name = enter.name === '' ? '<NA>' : enter.name
  if (enter.type === 292) return name === '<NA>' ? name : concatenatePaths(thread.cwd, name)
  const directory = directoryOf(thread, name, enter.dirfd)
  if (directory !== '.' && directory !== '<UNKNOWN>') event.fd = thread.fds.get(enter.dirfd)
  const emptyPath = (enter.flags & AT_EMPTY_PATH) !== 0
  if (directory === '<UNKNOWN>' || (!emptyPath && name === '<NA>')) return '<NA>'
  return emptyPath ? concatenatePaths('', directory) : concatenatePaths(directory, name)
}

/** execve ends all threads of the group but the main one, whose id the calling thread takes. */
function endSiblings(machine: Machine, thread: Thread): void {
  if (thread.group === null || thread.group.alive <= 1) return
  for (const other of [...thread.group.threads]) {
    if (!other.isMain && other !== thread) machine.removeThread(other, -1)
  }
}

/** procexit: the thread is dead, and leaves the tables when the next event comes. */
export function exit(machine: Machine, event: SyscallEvent, thread: Thread): void {
  if (thread.group !== null && !thread.dead) thread.group.alive--
  thread.dead = true
  machine.exits.add(thread.ptid, thread.tid, event.timeNumber)
  machine.removeAfter(thread, thread.children.size > 0 ? event.int64Number(4, -1) : -1)
}

/** The thread's container follows from its cgroups; looked at when a process starts, execs or changes its root. */
export function resolveContainer(machine: Machine, thread: Thread): void {
  const container = thread.cgroupSet?.container ?? machine.containers.host
  if (container === thread.container) return
  thread.container = container
  thread.memo = null
  machine.names.meet(container, thread.pid)
}

/** The strings of parameter `i`; `likely` itself when they are the same. */
function listOf(event: SyscallEvent, i: number, likely: StringList): StringList {
  const length = event.paramLength(i)
  if (length === 0) return EMPTY_LIST
  const start = event.paramOffset(i)
  if (likely.madeFrom(event.bytes, start, start + length)) return likely
  return new StringList(event.bytes.slice(start, start + length))
}
