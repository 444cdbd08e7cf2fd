/** Events that change nothing, although others of their type do: from their bytes. */
import { EVENT_HEADER } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { int64, uint16, uint32 } from '../events/integers.ts'
import { type EventCode, positions } from '../events/positions.ts'
import { EVENTS } from '../events/table.ts'
import { CL_CLONE_INVERTED } from '../model/clone-flags.ts'
import type { Thread } from '../model/thread.ts'
import { CLONE_STALE_NS } from './clone.ts'
import { isReaperOption } from './identity.ts'
import { PATH_START_EFFECTS } from './path-starts.ts'
import type { Tables } from './tables.ts'

/** When events of a type change nothing. */
const NEVER = 0
const IF_FAILED = 1
/** The probe has not recorded where their paths start. */
const WITHOUT_STARTS = 2
const OF_OTHER_OPTIONS = 3
/** The other one of the two events of a clone has made the child. */
const OF_KNOWN_CHILD = 4

const PRCTL = positions(['option'], 'SYSCALL_PRCTL_X')
/** Calls that do nothing to the tables when they fail. */
const FAILING = [
  'SYSCALL_OPEN_X',
  'SYSCALL_CREAT_X',
  'SYSCALL_OPENAT2_X',
  'SYSCALL_OPEN_BY_HANDLE_AT_X',
  'SYSCALL_DUP_1_X',
  'SYSCALL_DUP2_X',
  'SYSCALL_DUP3_X',
  'SYSCALL_CLOSE_RANGE_X',
  'SYSCALL_PIPE_X',
  'SYSCALL_PIPE2_X',
  'SYSCALL_EVENTFD_X',
  'SYSCALL_EVENTFD2_X',
  'SYSCALL_SIGNALFD_X',
  'SYSCALL_SIGNALFD4_X',
  'SYSCALL_TIMERFD_CREATE_X',
  'SYSCALL_INOTIFY_INIT_X',
  'SYSCALL_INOTIFY_INIT1_X',
  'SYSCALL_BPF_2_X',
  'SYSCALL_USERFAULTFD_X',
  'SYSCALL_IO_URING_SETUP_X',
  'SYSCALL_EPOLL_CREATE_X',
  'SYSCALL_EPOLL_CREATE1_X',
  'SYSCALL_PIDFD_OPEN_X',
  'SYSCALL_PIDFD_GETFD_X',
  'SOCKET_SOCKET_X',
  'SOCKET_SOCKETPAIR_X',
  'SOCKET_BIND_X',
  'SOCKET_ACCEPT_5_X',
  'SOCKET_ACCEPT4_6_X',
  'SYSCALL_EXECVE_19_X',
  'SYSCALL_EXECVEAT_X',
  'SYSCALL_CHDIR_X',
  'SYSCALL_GETCWD_X',
  'SYSCALL_FCHDIR_X',
  'SYSCALL_CHROOT_X',
  'SYSCALL_SETUID_X',
  'SYSCALL_SETREUID_X',
  'SYSCALL_SETRESUID_X',
  'SYSCALL_SETGID_X',
  'SYSCALL_SETREGID_X',
  'SYSCALL_SETRESGID_X',
  'SYSCALL_SETSID_X',
  'SYSCALL_CAPSET_X',
  'SYSCALL_UNSHARE_X',
  'SYSCALL_SETNS_X',
  'SYSCALL_GETRLIMIT_X',
  'SYSCALL_SETRLIMIT_X',
  'SYSCALL_PRLIMIT_X',
] as const satisfies readonly EventCode[]
const CLONES = [
  'SYSCALL_CLONE_20_X',
  'SYSCALL_FORK_20_X',
  'SYSCALL_VFORK_20_X',
  'SYSCALL_CLONE3_X',
] as const satisfies readonly EventCode[]

/** By event type. */
const WHEN = new Uint8Array(EVENTS.length)
for (const code of FAILING) WHEN[PPME[code]] = IF_FAILED
for (const code of Object.keys(PATH_START_EFFECTS) as EventCode[]) WHEN[PPME[code]] = WITHOUT_STARTS
for (const code of CLONES) WHEN[PPME[code]] = OF_KNOWN_CHILD
WHEN[PPME.SYSCALL_PRCTL_X] = OF_OTHER_OPTIONS
/** Second name: see event.ts. */
const HEADER = EVENT_HEADER
const TWO_32 = 4294967296

/** Whether there are events of the type that change nothing. */
export function mayBeUnchanging(type: number): boolean {
  return WHEN[type] !== NEVER
}

/** Whether the event whose header starts at `start` changes nothing, or nothing that is not done here. False tells nothing. */
export function isUnchanging(tables: Tables, view: DataView, start: number, limit: number, thread: Thread): boolean {
  const type = uint16(view, start + 20)
  const count = uint32(view, start + 22)
  const result = start + HEADER + count * 2
  if (count === 0 || result + 8 > limit || uint16(view, start + HEADER) !== 8) return false
  const when = WHEN[type]
  if (when === WITHOUT_STARTS) return parameterOf(view, start, count) === start + uint32(view, start + 16)
  if (view.getInt32(result + 4, true) < 0) return true
  switch (when) {
    case OF_OTHER_OPTIONS: {
      const at = count > PRCTL.option ? parameterOf(view, start, PRCTL.option) : limit
      return (
        at + 4 <= limit && uint16(view, start + HEADER + PRCTL.option * 2) === 4 && !isReaperOption(uint32(view, at))
      )
    }
    case OF_KNOWN_CHILD: {
      if (!isOfKnownChild(tables, view, start, int64(view, result), thread)) return false
      // The parent's container is resolved again; the child's is known by its own event.
      tables.resolveContainer(thread)
      return true
    }
    default:
      return false
  }
}

/** See state/clone.ts. */
function isOfKnownChild(tables: Tables, view: DataView, start: number, child: number, thread: Thread): boolean {
  if (child !== 0) return !thread.isInvalid && ((tables.threads.get(child)?.flags ?? 0) & CL_CLONE_INVERTED) !== 0
  const time = uint32(view, start + 4) * TWO_32 + uint32(view, start)
  return thread.cloneTs !== 0n && time - Number(thread.cloneTs) < CLONE_STALE_NS
}

/** Where parameter `index` starts, of an event with 16-bit lengths; where all end, if there are as many. */
function parameterOf(view: DataView, start: number, index: number): number {
  let lengths = start + HEADER
  let at = lengths + uint32(view, start + 22) * 2
  for (let i = 0; i < index; i++, lengths += 2) at += uint16(view, lengths)
  return at
}
