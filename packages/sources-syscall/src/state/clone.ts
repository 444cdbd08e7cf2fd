import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { positions } from '../events/positions.ts'
import { decodeText } from '../events/text.ts'
import {
  CL_CHILD_IN_PIDNS,
  CL_CLONE_FILES,
  CL_CLONE_FS,
  CL_CLONE_INVERTED,
  CL_CLONE_NEWPID,
  CL_CLONE_PARENT,
  CL_CLONE_THREAD,
  CL_CLONE_VFORK,
} from '../model/clone-flags.ts'
import { FdTable } from '../model/fd-table.ts'
import type { Thread } from '../model/thread.ts'
import { WorkingDirectory } from '../model/working-directory.ts'
import type { Effects, ThreadlessEffect } from './effects.ts'
import { isTruncated, listOf, PROCESS, readMemory } from './process-params.ts'
import type { Tables } from './tables.ts'

const CLONE = positions(
  ['flags', 'uid', 'gid', 'vtid', 'vpid', 'pidns_init_start_ts'],
  'SYSCALL_CLONE_20_X',
  'SYSCALL_FORK_20_X',
  'SYSCALL_VFORK_20_X',
  'SYSCALL_CLONE3_X',
)

/** A child created from the caller's event is taken to be the same as in the child's event for this long. */
export const CLONE_STALE_NS = 2e9

/** clone, clone3, fork, vfork: exit event in the caller or in the child. */
function clone(tables: Tables, event: SyscallEvent): void {
  const { result } = event
  if (result < 0) return
  if (result === 0) cloneInChild(tables, event)
  else cloneInCaller(tables, event, result)
  const thread = event.thread
  if (thread !== null) tables.resolveContainer(thread)
}

function cloneInCaller(tables: Tables, event: SyscallEvent, childTid: number): void {
  const caller = tables.threadOf(event.tid)
  event.thread = caller
  if (caller === null) return
  const valid = !caller.isInvalid
  if (!valid) {
    caller.pid = event.int64Number(PROCESS.pid)
    caller.ptid = event.int64Number(PROCESS.ptid)
    caller.vtid = event.has(CLONE.vpid) ? event.int64Number(CLONE.vtid) : caller.tid
    caller.vpid = event.has(CLONE.vpid) ? event.int64Number(CLONE.vpid) : -1
    tables.threads.link(caller)
  }
  const flags = event.uint32(CLONE.flags)
  // In a pid namespace, the returned id is not the global one; the child's own event has that.
  if ((flags & (CL_CHILD_IN_PIDNS | CL_CLONE_NEWPID | CL_CLONE_PARENT)) !== 0 || caller.tid !== caller.vtid) return
  // The caller of vfork returns after the child has called execve or exited.
  if ((flags & CL_CLONE_VFORK) !== 0 || event.type === PPME.SYSCALL_VFORK_20_X) return
  if (tables.exits.has(caller.tid, childTid, event.timeNumber)) return
  const existing = tables.threads.get(childTid)
  if (existing !== null) {
    if ((existing.flags & CL_CLONE_INVERTED) !== 0) return
    tables.removeThread(existing, -1)
  }
  const isThread = (flags & CL_CLONE_THREAD) !== 0
  const child = tables.newThread(
    childTid,
    isThread ? caller.pid : childTid,
    isThread ? caller.ptid : caller.tid,
    isThread || !valid ? new FdTable(isThread ? 0 : undefined) : caller.fds.fork(),
  )
  child.flags = isThread ? flags | CL_CLONE_FILES : flags
  child.vtid = childTid
  child.vpid = child.pid
  if (isThread) child.lastExecTs = caller.lastExecTs
  readClone(tables, event, child, caller)
  child.pidnsInitStartTs = tables.bootTime
  if (valid) {
    inherit(child, caller)
    inheritDirectory(child, caller, flags, isThread)
    if (!isThread) inheritProcess(child, caller)
  } else {
    caller.rename(child.comm, child.exe, child.argv)
    tables.threads.changed(caller)
  }
  tables.threads.add(child)
  if (existing !== null) event.thread = tables.threads.get(event.tid)
}

function cloneInChild(tables: Tables, event: SyscallEvent): void {
  const known = event.thread
  if (known !== null && known.cloneTs !== 0n) {
    if (event.timeNumber - Number(known.cloneTs) < CLONE_STALE_NS) return
    tables.removeThread(known, -1)
    event.thread = null
  }
  const flags = event.uint32(CLONE.flags) | CL_CLONE_INVERTED
  const isThread = (flags & CL_CLONE_THREAD) !== 0
  const tid = event.tid
  const pid = event.int64Number(PROCESS.pid)
  const ptid = event.int64Number(PROCESS.ptid)
  // A thread inherits from its main thread, a process from its parent.
  const model = tables.threadOf(isThread ? pid : ptid)
  if (model === null) {
    event.thread = null
    return
  }
  const executable = isThread ? '' : executableOf(event)
  const creator = executable === '' ? model : creatorOf(model, event, executable)
  const valid = !model.isInvalid
  const child = tables.newThread(
    tid,
    pid,
    ptid,
    isThread || !valid ? new FdTable(isThread ? 0 : undefined) : creator.fds.fork(),
  )
  child.flags = isThread ? flags | CL_CLONE_FILES : flags
  child.vtid = event.has(CLONE.vpid) ? event.int64Number(CLONE.vtid) : tid
  child.vpid = event.has(CLONE.vpid) ? event.int64Number(CLONE.vpid) : -1
  if (!valid && isThread) {
    model.pid = pid
    model.ptid = ptid
    model.vpid = child.vpid
    model.vtid = child.vpid
    tables.threads.link(model)
  }
  readClone(tables, event, child, model)
  if (valid) {
    inherit(child, creator)
    inheritDirectory(child, creator, flags, isThread)
    if (isThread) child.lastExecTs = model.lastExecTs
    else inheritProcess(child, creator)
    if (executable !== '') child.exepath = executable
  } else if (isThread) {
    model.rename(child.comm, child.exe, child.argv)
    tables.threads.changed(model)
  }
  if ((flags & (CL_CHILD_IN_PIDNS | CL_CLONE_NEWPID)) !== 0 || tid !== child.vtid) {
    if (event.has(CLONE.pidns_init_start_ts))
      child.pidnsInitStartTs = event.uint64(CLONE.pidns_init_start_ts) + tables.bootTime
  } else child.pidnsInitStartTs = tables.bootTime
  event.thread = tables.threads.add(child) ? child : null
}

/** Live, what a child runs whose parent did not make it (CLONE_PARENT): it stands behind the parameters. '' = its parent made it. */
function executableOf(event: SyscallEvent): string {
  const { tail } = event
  return tail.length > 1 ? decodeText(tail, 0, tail.length - 1) : ''
}

/** The number of siblings that are examined to find the one that created a child. */
const MAX_SIBLINGS = 64

/** The one that made it: a sibling of the child that runs the same with the same arguments; else its parent. */
function creatorOf(parent: Thread, event: SyscallEvent, executable: string): Thread {
  const exe = event.text(PROCESS.exe)
  const comm = event.text(PROCESS.comm)
  let looked = 0
  for (const sibling of parent.children?.members ?? []) {
    if (sibling.exepath === executable && sibling.exe === exe && sibling.comm === comm && sibling.tid !== event.tid)
      return sibling
    if (++looked === MAX_SIBLINGS) break
  }
  return parent
}

/**
 * Reads the child's properties from a clone event. `relative`: a thread that most likely has the same arguments and cgroups.
 */
function readClone(tables: Tables, event: SyscallEvent, child: Thread, relative: Thread): void {
  const exe = event.text(PROCESS.exe)
  child.rename(
    event.has(PROCESS.comm) ? event.text(PROCESS.comm) : exe,
    exe,
    listOf(event, PROCESS.args, relative.argv),
  )
  child.argsTruncated = isTruncated(event)
  child.fdlimit = event.int64Number(PROCESS.fdlimit)
  readMemory(event, child)
  child.uid = event.uint32(CLONE.uid)
  child.gid = event.uint32(CLONE.gid)
  tables.learnUser(tables.containers.host, child.uid, null)
  tables.learnGroup(tables.containers.host, child.gid, null)
  if (event.has(PROCESS.cgroups)) child.cgroupSet = tables.cgroupsOf(event, PROCESS.cgroups, relative.cgroupSet)
  child.cloneTs = event.time
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
  child.ownEnv = model.ownEnv
}

/** Processes share a working directory only with CLONE_FS; threads always use their main thread's, as in Falco. */
function inheritDirectory(child: Thread, model: Thread, flags: number, isThread: boolean): void {
  if (isThread) return
  const { directory } = model
  child.ownDirectory = (flags & CL_CLONE_FS) === 0 ? null : directory
  if (child.ownDirectory === null) child.ownDirectory = new WorkingDirectory(model.cwd)
  else child.ownDirectory.shared = true
}

/** A clone, or one whose thread is not known yet: the child's own event, or a caller seen for the first time. */
export const BIRTH_EFFECTS: Effects & Effects<ThreadlessEffect> = {
  SYSCALL_CLONE_20_X: clone,
  SYSCALL_FORK_20_X: clone,
  SYSCALL_VFORK_20_X: clone,
  SYSCALL_CLONE3_X: clone,
}
