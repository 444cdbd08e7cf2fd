import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { positions } from '../events/positions.ts'
import {
  CL_ACTIVE,
  CL_CHILD_IN_PIDNS,
  CL_CLONE_INVERTED,
  CL_IS_MAIN_THREAD,
  CL_NAME_CHANGED,
  CL_PIPE_DST,
  CL_PIPE_SRC,
} from '../model/clone-flags.ts'
import { EMPTY_LIST, MAX_LIST_BYTES } from '../model/string-list.ts'
import type { Thread } from '../model/thread.ts'
import { directoryOf } from './directories.ts'
import type { Effects } from './effects.ts'
import { concatenatePaths, withoutDeleted } from './paths.ts'
import { isTruncated, listOf, PROCESS, readMemory } from './process-params.ts'
import type { Tables } from './tables.ts'

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

/** Bits of execve's flags parameter. */
const EXE_WRITABLE = 1
const EXE_UPPER_LAYER = 2
const EXE_FROM_MEMFD = 4
const EXE_LOWER_LAYER = 8
/** Bit of execveat's flags: the path is that of the descriptor. */
const AT_EMPTY_PATH = 1

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
  if (!tables.keepsEnvironments) thread.ownEnv = EMPTY_LIST
  else if (event.has(EXECVE.env)) thread.ownEnv = listOf(event, EXECVE.env, thread.ownEnv)
  if (event.paramLength(EXECVE.env) >= MAX_LIST_BYTES) tables.truncatedEnvs++
  if (event.has(PROCESS.cgroups)) thread.cgroupSet = tables.cgroupsOf(event, PROCESS.cgroups, thread.cgroupSet)
  if (event.has(EXECVE.tty)) thread.tty = event.uint32(EXECVE.tty)
  if (event.has(EXECVE.trusted_exepath)) thread.exepath = withoutDeleted(event.text(EXECVE.trusted_exepath))
  else if (tables.enter !== null) thread.exepath = withoutDeleted(exepathOf(event, thread, tables))
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
  tables.threads.exited(thread)
  tables.exits.add(thread.ptid, thread.tid, event.timeNumber)
  tables.removeAfter(thread, thread.hasChildren ? event.int64Number(EXIT.reaper_tid, -1) : -1)
}

/** A process's program and its end. */
export const PROGRAM_EFFECTS: Effects = {
  SYSCALL_EXECVE_19_X: execve,
  SYSCALL_EXECVEAT_X: execve,
  PROCEXIT_1_E: exit,
}
