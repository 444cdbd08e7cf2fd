import type { SyscallEvent } from '../event.ts'
import type { Machine } from './machine.ts'
import { CL_CLONE_NEWUSER, type Thread } from './thread.ts'

const RLIMIT_NOFILE = 7
const PR_SET_CHILD_SUBREAPER = 36
const PR_GET_CHILD_SUBREAPER = 37
/** All capabilities that libsinsp knows: CAP_CHOWN to CAP_CHECKPOINT_RESTORE. */
const ALL_CAPABILITIES = (1n << 41n) - 1n

/** setuid, setreuid, setresuid: `i` is the parameter with the effective id. */
export function setUser(machine: Machine, event: SyscallEvent, thread: Thread, i: number): void {
  if (event.int64Number(0, -1) !== 0 || !event.has(i)) return
  const uid = event.uint32(i)
  if (uid !== thread.uid) {
    thread.uid = uid
    thread.memo = null
  }
  machine.learnUser(thread.container, uid, thread)
}

/** setgid, setregid, setresgid. */
export function setGroup(machine: Machine, event: SyscallEvent, thread: Thread, i: number): void {
  if (event.int64Number(0, -1) !== 0 || !event.has(i)) return
  const gid = event.uint32(i)
  if (gid !== thread.gid) {
    thread.gid = gid
    thread.memo = null
  }
  machine.learnGroup(thread.container, gid, thread)
}

export function setSession(machine: Machine, event: SyscallEvent, thread: Thread): void {
  const sid = event.int64Number(0, -1)
  if (sid < 0) return
  machine.threads.setLeaders(thread, sid, thread.vpgid, thread.pgid)
  machine.threads.changed(thread)
}

export function setCapabilities(event: SyscallEvent, thread: Thread): void {
  if (event.int64Number(0, -1) < 0) return
  takeCapabilities(thread, event.uint64(1), event.uint64(2), event.uint64(3))
}

/** unshare, setns: in a user namespace of its own a thread has all capabilities. `i`: the parameter with the flags. */
export function enterNamespace(event: SyscallEvent, thread: Thread, i: number): void {
  if (event.int64Number(0, -1) < 0 || (event.uint32(i) & CL_CLONE_NEWUSER) === 0) return
  takeCapabilities(thread, ALL_CAPABILITIES, ALL_CAPABILITIES, ALL_CAPABILITIES)
}

function takeCapabilities(thread: Thread, inheritable: bigint, permitted: bigint, effective: bigint): void {
  thread.capInheritable = inheritable
  thread.capPermitted = permitted
  thread.capEffective = effective
  thread.memo = null
}

/** prctl: whether the process takes over the orphans below it. PR_SET_NAME changes nothing, as in Falco. */
export function processControl(event: SyscallEvent, thread: Thread): void {
  if (event.int64Number(0, -1) < 0 || thread.group === null) return
  const option = event.uint32(1)
  if (option === PR_SET_CHILD_SUBREAPER || option === PR_GET_CHILD_SUBREAPER) {
    thread.group.reaper = event.int64Number(3) !== 0
  }
}

/** getrlimit, setrlimit. */
export function resourceLimit(machine: Machine, event: SyscallEvent, thread: Thread): void {
  if (event.int64Number(0, -1) < 0 || event.uint8(3, 255) !== RLIMIT_NOFILE) return
  takeFdLimit(machine, thread, event.int64Number(1, -1))
}

/** prlimit, of any process. */
export function processLimit(machine: Machine, event: SyscallEvent, thread: Thread): void {
  if (event.int64Number(0, -1) !== 0 || event.uint8(6, 255) !== RLIMIT_NOFILE || !event.has(5)) return
  const pid = event.int64Number(5)
  const target = pid === 0 ? thread : machine.threads.get(pid)
  if (target !== null && !target.isInvalid) takeFdLimit(machine, target, event.int64Number(1, -1))
}

function takeFdLimit(machine: Machine, thread: Thread, limit: number): void {
  const leader = thread.leader
  if (limit === -1 || leader === null || leader.fdlimit === limit) return
  leader.fdlimit = limit
  machine.threads.processChanged(leader)
}

/** brk, mmap, munmap: counters, which no memo depends on. */
export function memory(event: SyscallEvent, thread: Thread): void {
  if (event.has(1)) thread.vmSize = event.uint32(1)
  if (event.has(3)) {
    thread.vmRss = event.uint32(2)
    thread.vmSwap = event.uint32(3)
  }
}

/** A context switch tells page faults and memory. */
export function contextSwitch(event: SyscallEvent, thread: Thread): void {
  if (!event.has(5)) return
  thread.pfMajor = event.uint64Number(1)
  thread.pfMinor = event.uint64Number(2)
  const leader = thread.leader
  if (leader === null) return
  leader.vmSize = event.uint32(3)
  leader.vmRss = event.uint32(4)
  leader.vmSwap = event.uint32(5)
}
