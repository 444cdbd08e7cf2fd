import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { positions } from '../events/positions.ts'
import { FdTable } from '../model/fd-table.ts'
import { EMPTY_LIST, MAX_LIST_BYTES, StringList } from '../model/string-list.ts'
import {
  CL_ACTIVE,
  CL_CHILD_IN_PIDNS,
  CL_CLONE_FILES,
  CL_CLONE_FS,
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
  WorkingDirectory,
} from '../model/thread.ts'
import { directoryOf } from './directories.ts'
import type { Effects, ThreadlessEffect } from './effects.ts'
import { concatenatePaths } from './paths.ts'
import type { Tables } from './tables.ts'

/** What clone and execve events have in common. */
const PROCESS = positions(
  ['exe', 'args', 'pid', 'ptid', 'fdlimit', 'pgft_maj', 'pgft_min', 'vm_size', 'vm_rss', 'vm_swap', 'comm', 'cgroups'],
  'SYSCALL_CLONE_20_X',
  'SYSCALL_FORK_20_X',
  'SYSCALL_VFORK_20_X',
  'SYSCALL_CLONE3_X',
  'SYSCALL_EXECVE_19_X',
  'SYSCALL_EXECVEAT_X',
)
const CLONE = positions(
  ['flags', 'uid', 'gid', 'vtid', 'vpid', 'pidns_init_start_ts'],
  'SYSCALL_CLONE_20_X',
  'SYSCALL_FORK_20_X',
  'SYSCALL_VFORK_20_X',
  'SYSCALL_CLONE3_X',
)
const EXECVE = positions(
  [
    'env',
    'tty',
    'vpgid',
    'loginuid',
    'flags',
    'cap_inheritable',
    'cap_permitted',
    'cap_effective',
    'exe_ino',
    'exe_ino_ctime',
    'exe_ino_mtime',
    'uid',
    'trusted_exepath',
    'pgid',
    'gid',
  ],
  'SYSCALL_EXECVE_19_X',
  'SYSCALL_EXECVEAT_X',
)
const EXIT = positions(['reaper_tid'], 'PROCEXIT_1_E')

/** A child created from the caller's event is taken to be the same as in the child's event for this long. */
const CLONE_STALE_NS = 2e9

/** Bits of execve's flags parameter. */
const EXE_WRITABLE = 1
const EXE_UPPER_LAYER = 2
const EXE_FROM_MEMFD = 4
const EXE_LOWER_LAYER = 8
/** Bit of execveat's flags: the path is that of the descriptor. */
const AT_EMPTY_PATH = 1

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
  const valid = !model.isInvalid
  const child = tables.newThread(
    tid,
    pid,
    ptid,
    isThread || !valid ? new FdTable(isThread ? 0 : undefined) : model.fds.fork(),
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
    inherit(child, model)
    inheritDirectory(child, model, flags, isThread)
    if (isThread) child.lastExecTs = model.lastExecTs
    else inheritProcess(child, model)
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

function readMemory(event: SyscallEvent, thread: Thread): void {
  if (!event.has(PROCESS.vm_swap)) return
  thread.pfMajor = event.uint64Number(PROCESS.pgft_maj)
  thread.pfMinor = event.uint64Number(PROCESS.pgft_min)
  thread.vmSize = event.uint32(PROCESS.vm_size)
  thread.vmRss = event.uint32(PROCESS.vm_rss)
  thread.vmSwap = event.uint32(PROCESS.vm_swap)
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

/** execve and execveat: exit event, in the thread that now runs the new program. */
function execve(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0) return
  if (thread.dead) {
    // The main thread had exited; another thread of the group takes over its id.
    thread.dead = false
    if (thread.group !== null) thread.group.alive++
  }
  const exe = event.text(PROCESS.exe)
  thread.rename(event.has(PROCESS.comm) ? event.text(PROCESS.comm) : exe, exe, listOf(event, PROCESS.args, thread.argv))
  thread.argsTruncated = isTruncated(event)
  if (thread.argsTruncated) tables.truncatedArgs++
  thread.lastExecTs = event.time
  thread.pid = event.int64Number(PROCESS.pid)
  if (thread.isInvalid) {
    thread.ptid = event.int64Number(PROCESS.ptid)
    if ((thread.flags & CL_CHILD_IN_PIDNS) === 0) {
      thread.vtid = thread.tid
      thread.vpid = thread.pid
    }
    tables.threads.link(thread)
  }
  thread.fdlimit = event.int64Number(PROCESS.fdlimit)
  readMemory(event, thread)
  if (event.has(EXECVE.env)) thread.ownEnv = listOf(event, EXECVE.env, thread.ownEnv)
  if (event.paramLength(EXECVE.env) >= MAX_LIST_BYTES) tables.truncatedEnvs++
  if (event.has(PROCESS.cgroups)) thread.cgroupSet = tables.cgroupsOf(event, PROCESS.cgroups, thread.cgroupSet)
  if (event.has(EXECVE.tty)) thread.tty = event.uint32(EXECVE.tty)
  if (event.has(EXECVE.trusted_exepath)) thread.exepath = event.text(EXECVE.trusted_exepath)
  else if (tables.enter !== null) thread.exepath = exepathOf(event, thread, tables)
  if (event.has(EXECVE.loginuid)) thread.loginuid = event.uint32(EXECVE.loginuid)
  if (event.has(EXECVE.flags)) {
    const flags = event.uint32(EXECVE.flags)
    thread.exeWritable = (flags & EXE_WRITABLE) !== 0
    thread.exeUpperLayer = (flags & EXE_UPPER_LAYER) !== 0
    thread.exeFromMemfd = (flags & EXE_FROM_MEMFD) !== 0
    thread.exeLowerLayer = (flags & EXE_LOWER_LAYER) !== 0
  }
  if (event.has(EXECVE.cap_effective)) {
    thread.capInheritable = event.uint64(EXECVE.cap_inheritable)
    thread.capPermitted = event.uint64(EXECVE.cap_permitted)
    thread.capEffective = event.uint64(EXECVE.cap_effective)
  }
  if (event.has(EXECVE.exe_ino_mtime)) readExecutableTimes(event, thread)
  if (event.has(EXECVE.uid)) thread.uid = event.uint32(EXECVE.uid)
  if (event.has(EXECVE.gid)) thread.gid = event.uint32(EXECVE.gid)
  const vpgid = event.has(EXECVE.vpgid) ? event.int64Number(EXECVE.vpgid) : thread.vpgid
  tables.threads.setLeaders(thread, thread.sid, vpgid, event.int64Number(EXECVE.pgid, -1))
  thread.flags =
    (thread.flags & (CL_PIPE_SRC | CL_PIPE_DST | CL_IS_MAIN_THREAD | CL_CLONE_INVERTED)) | CL_ACTIVE | CL_NAME_CHANGED
  thread.fds.deleteCloseOnExec()
  tables.resolveContainer(thread)
  tables.learnUser(thread.container, thread.uid, thread)
  tables.learnGroup(thread.container, thread.gid, thread)
  tables.threads.changed(thread)
  endSiblings(tables, thread)
}

function readExecutableTimes(event: SyscallEvent, thread: Thread): void {
  thread.exeIno = event.uint64(EXECVE.exe_ino)
  thread.exeCtime = event.uint64(EXECVE.exe_ino_ctime)
  thread.exeMtime = event.uint64(EXECVE.exe_ino_mtime)
  if (thread.cloneTs !== 0n) thread.exeCtimeToStart = BigInt.asUintN(64, thread.cloneTs - thread.exeCtime)
  if (thread.pidnsInitStartTs !== 0n && thread.exeCtime > thread.pidnsInitStartTs) {
    thread.exeCtimeFromPidns = thread.exeCtime - thread.pidnsInitStartTs
  }
}

/** The executable's path from the enter event, for captures whose exit event lacks it. */
function exepathOf(event: SyscallEvent, thread: Thread, tables: Tables): string {
  const enter = tables.enter!
  const name = enter.name === '' ? '<NA>' : enter.name
  if (enter.type === PPME.SYSCALL_EXECVE_19_E) return name === '<NA>' ? name : concatenatePaths(thread.cwd, name)
  const directory = directoryOf(thread, name, enter.dirfd)
  if (directory !== '.' && directory !== '<UNKNOWN>') event.fd = thread.fds.get(enter.dirfd)
  const emptyPath = (enter.flags & AT_EMPTY_PATH) !== 0
  if (directory === '<UNKNOWN>' || (!emptyPath && name === '<NA>')) return '<NA>'
  return emptyPath ? concatenatePaths('', directory) : concatenatePaths(directory, name)
}

/** execve ends all threads of the group except the main one, whose id the calling thread takes over. */
function endSiblings(tables: Tables, thread: Thread): void {
  if (thread.group === null || thread.group.alive <= 1) return
  for (const other of thread.group) {
    if (!other.isMain && other !== thread) tables.removeThread(other, -1)
  }
}

/** procexit: marks the thread dead; it is removed before the next event. */
function exit(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (thread.group !== null && !thread.dead) thread.group.alive--
  thread.dead = true
  tables.exits.add(thread.ptid, thread.tid, event.timeNumber)
  tables.removeAfter(thread, thread.hasChildren ? event.int64Number(EXIT.reaper_tid, -1) : -1)
}

/** Recorders capture argv[0] and the arguments up to this combined length; this holds for both our probe and Falco's. */
function isTruncated(event: SyscallEvent): boolean {
  return event.paramLength(PROCESS.exe) + event.paramLength(PROCESS.args) >= MAX_LIST_BYTES
}

/** Returns the strings of parameter `i`, reusing `likely` if they are the same. */
function listOf(event: SyscallEvent, i: number, likely: StringList): StringList {
  const length = event.paramLength(i)
  if (length === 0) return EMPTY_LIST
  const start = event.paramOffset(i)
  if (likely.madeFrom(event.bytes, start, start + length)) return likely
  return new StringList(event.bytes.slice(start, start + length))
}

export const PROCESS_EFFECTS: Effects = {
  SYSCALL_CLONE_20_X: clone,
  SYSCALL_FORK_20_X: clone,
  SYSCALL_VFORK_20_X: clone,
  SYSCALL_CLONE3_X: clone,
  SYSCALL_EXECVE_19_X: execve,
  SYSCALL_EXECVEAT_X: execve,
  PROCEXIT_1_E: exit,
}

/** A clone whose thread is not known yet: the child's own event, or a caller seen for the first time. */
export const BIRTH_EFFECTS: Effects<ThreadlessEffect> = {
  SYSCALL_CLONE_20_X: clone,
  SYSCALL_FORK_20_X: clone,
  SYSCALL_VFORK_20_X: clone,
  SYSCALL_CLONE3_X: clone,
}
