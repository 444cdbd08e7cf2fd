import type { SyscallEvent } from '../event.ts'
import { positions } from '../events/positions.ts'
import { CL_CLONE_FS, CL_CLONE_NEWNS, CL_CLONE_NEWUSER } from '../model/clone-flags.ts'
import type { Thread } from '../model/thread.ts'
import { WorkingDirectory } from '../model/working-directory.ts'
import type { Effect, Effects } from './effects.ts'
import type { Tables } from './tables.ts'

const SETUID = positions(['uid'], 'SYSCALL_SETUID_X')
const SETREUID = positions(['euid'], 'SYSCALL_SETREUID_X', 'SYSCALL_SETRESUID_X')
const SETGID = positions(['gid'], 'SYSCALL_SETGID_X')
const SETREGID = positions(['egid'], 'SYSCALL_SETREGID_X', 'SYSCALL_SETRESGID_X')
const CAPSET = positions(['cap_inheritable', 'cap_permitted', 'cap_effective'], 'SYSCALL_CAPSET_X')
const UNSHARE = positions(['flags'], 'SYSCALL_UNSHARE_X')
const SETNS = positions(['nstype'], 'SYSCALL_SETNS_X')
const PRCTL = positions(['option', 'arg2_int'], 'SYSCALL_PRCTL_X')
const RLIMIT = positions(['cur', 'resource'], 'SYSCALL_GETRLIMIT_X', 'SYSCALL_SETRLIMIT_X')
const PRLIMIT = positions(['newcur', 'pid', 'resource'], 'SYSCALL_PRLIMIT_X')
const MEMORY = positions(
  ['vm_size', 'vm_rss', 'vm_swap'],
  'SYSCALL_BRK_4_X',
  'SYSCALL_MMAP_X',
  'SYSCALL_MMAP2_X',
  'SYSCALL_MUNMAP_X',
)
const SWITCH = positions(['pgft_maj', 'pgft_min', 'vm_size', 'vm_rss', 'vm_swap'], 'SCHEDSWITCH_6_E')

const RLIMIT_NOFILE = 7
const PR_SET_CHILD_SUBREAPER = 36
const PR_GET_CHILD_SUBREAPER = 37
/** All capabilities that libsinsp knows: CAP_CHOWN to CAP_CHECKPOINT_RESTORE. */
const ALL_CAPABILITIES = (1n << 41n) - 1n

/** setuid, setreuid, setresuid. `effective`: the parameter with the effective id. */
function setsUser(effective: number): Effect {
  return (tables, event, thread) => {
    if (event.result !== 0 || !event.has(effective)) return
    const uid = event.uint32(effective)
    if (uid !== thread.uid) {
      thread.uid = uid
      thread.memo = null
    }
    tables.learnUser(thread.container, uid, thread)
  }
}

/** setgid, setregid, setresgid. */
function setsGroup(effective: number): Effect {
  return (tables, event, thread) => {
    if (event.result !== 0 || !event.has(effective)) return
    const gid = event.uint32(effective)
    if (gid !== thread.gid) {
      thread.gid = gid
      thread.memo = null
    }
    tables.learnGroup(thread.container, gid, thread)
  }
}

function setSession(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const sid = event.result
  if (sid < 0) return
  tables.threads.setLeaders(thread, sid, thread.vpgid, thread.pgid)
  tables.threads.changed(thread)
}

function setCapabilities(_tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0) return
  takeCapabilities(
    thread,
    event.uint64(CAPSET.cap_inheritable),
    event.uint64(CAPSET.cap_permitted),
    event.uint64(CAPSET.cap_effective),
  )
}

/** unshare: a thread in a new user namespace has all capabilities; a shared working directory becomes the process's own. */
function unshare(_tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0) return
  const flags = event.uint32(UNSHARE.flags)
  // As in Falco, a thread keeps following its main thread.
  if ((flags & (CL_CLONE_FS | CL_CLONE_NEWNS)) !== 0 && thread.ownDirectory !== null)
    thread.ownDirectory = new WorkingDirectory(thread.ownDirectory.path)
  if ((flags & CL_CLONE_NEWUSER) !== 0) takeAllCapabilities(thread)
}

function setns(_tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result >= 0 && (event.uint32(SETNS.nstype) & CL_CLONE_NEWUSER) !== 0) takeAllCapabilities(thread)
}

function takeAllCapabilities(thread: Thread): void {
  takeCapabilities(thread, ALL_CAPABILITIES, ALL_CAPABILITIES, ALL_CAPABILITIES)
}

function takeCapabilities(thread: Thread, inheritable: bigint, permitted: bigint, effective: bigint): void {
  thread.capInheritable = inheritable
  thread.capPermitted = permitted
  thread.capEffective = effective
  thread.memo = null
}

/** prctl: whether the process adopts orphaned descendants. PR_SET_NAME has no effect, as in Falco. */
function processControl(_tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0 || thread.group === null) return
  if (isReaperOption(event.uint32(PRCTL.option))) thread.group.reaper = event.int64Number(PRCTL.arg2_int) !== 0
}

/** Whether prctl with this option tells of a process that it adopts orphans. */
export function isReaperOption(option: number): boolean {
  return option === PR_SET_CHILD_SUBREAPER || option === PR_GET_CHILD_SUBREAPER
}

/** getrlimit, setrlimit. */
function resourceLimit(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0 || event.uint8(RLIMIT.resource, 255) !== RLIMIT_NOFILE) return
  takeFdLimit(tables, thread, event.int64Number(RLIMIT.cur, -1))
}

/** prlimit, of any process. */
function processLimit(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result !== 0 || event.uint8(PRLIMIT.resource, 255) !== RLIMIT_NOFILE || !event.has(PRLIMIT.pid)) return
  const pid = event.int64Number(PRLIMIT.pid)
  const target = pid === 0 ? thread : tables.threads.get(pid)
  if (target !== null && !target.isInvalid) takeFdLimit(tables, target, event.int64Number(PRLIMIT.newcur, -1))
}

function takeFdLimit(tables: Tables, thread: Thread, limit: number): void {
  const leader = thread.leader
  if (limit === -1 || leader === null || leader.fdlimit === limit) return
  leader.fdlimit = limit
  tables.threads.processChanged(leader)
}

/** brk, mmap, munmap: update counters, which no memo depends on. */
function memory(_tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.has(MEMORY.vm_size)) thread.vmSize = event.uint32(MEMORY.vm_size)
  if (event.has(MEMORY.vm_swap)) {
    thread.vmRss = event.uint32(MEMORY.vm_rss)
    thread.vmSwap = event.uint32(MEMORY.vm_swap)
  }
}

/** Context switches report page faults and memory sizes. */
function contextSwitch(_tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (!event.has(SWITCH.vm_swap)) return
  thread.pfMajor = event.uint64Number(SWITCH.pgft_maj)
  thread.pfMinor = event.uint64Number(SWITCH.pgft_min)
  const leader = thread.leader
  if (leader === null) return
  leader.vmSize = event.uint32(SWITCH.vm_size)
  leader.vmRss = event.uint32(SWITCH.vm_rss)
  leader.vmSwap = event.uint32(SWITCH.vm_swap)
}

export const IDENTITY_EFFECTS: Effects = {
  SYSCALL_SETUID_X: setsUser(SETUID.uid),
  SYSCALL_SETREUID_X: setsUser(SETREUID.euid),
  SYSCALL_SETRESUID_X: setsUser(SETREUID.euid),
  SYSCALL_SETGID_X: setsGroup(SETGID.gid),
  SYSCALL_SETREGID_X: setsGroup(SETREGID.egid),
  SYSCALL_SETRESGID_X: setsGroup(SETREGID.egid),
  SYSCALL_SETSID_X: setSession,
  SYSCALL_CAPSET_X: setCapabilities,
  SYSCALL_UNSHARE_X: unshare,
  SYSCALL_SETNS_X: setns,
  SYSCALL_PRCTL_X: processControl,
  SYSCALL_GETRLIMIT_X: resourceLimit,
  SYSCALL_SETRLIMIT_X: resourceLimit,
  SYSCALL_PRLIMIT_X: processLimit,
}

export const COUNTER_EFFECTS: Effects = {
  SYSCALL_BRK_4_X: memory,
  SYSCALL_MMAP_X: memory,
  SYSCALL_MMAP2_X: memory,
  SYSCALL_MUNMAP_X: memory,
  SCHEDSWITCH_6_E: contextSwitch,
}
