import type { SyscallEvent } from '../event.ts'
import { positions } from '../events/positions.ts'
import { EMPTY_LIST, MAX_LIST_BYTES, StringList } from '../model/string-list.ts'
import type { Thread } from '../model/thread.ts'

/** What clone and execve events have in common. */
export const PROCESS = positions(
  ['exe', 'args', 'pid', 'ptid', 'fdlimit', 'pgft_maj', 'pgft_min', 'vm_size', 'vm_rss', 'vm_swap', 'comm', 'cgroups'],
  'SYSCALL_CLONE_20_X',
  'SYSCALL_FORK_20_X',
  'SYSCALL_VFORK_20_X',
  'SYSCALL_CLONE3_X',
  'SYSCALL_EXECVE_19_X',
  'SYSCALL_EXECVEAT_X',
)

/** Page faults and sizes, if the event has them. */
export function readMemory(event: SyscallEvent, thread: Thread): void {
  if (!event.has(PROCESS.vm_swap)) return
  thread.pfMajor = event.uint64Number(PROCESS.pgft_maj)
  thread.pfMinor = event.uint64Number(PROCESS.pgft_min)
  thread.vmSize = event.uint32(PROCESS.vm_size)
  thread.vmRss = event.uint32(PROCESS.vm_rss)
  thread.vmSwap = event.uint32(PROCESS.vm_swap)
}

/** Recorders capture argv[0] and the arguments up to this combined length; this holds for both our probe and Falco's. */
export function isTruncated(event: SyscallEvent): boolean {
  return event.paramLength(PROCESS.exe) + event.paramLength(PROCESS.args) >= MAX_LIST_BYTES
}

/** Returns the strings of parameter `i`, reusing `likely` if they are the same. */
export function listOf(event: SyscallEvent, i: number, likely: StringList): StringList {
  const length = event.paramLength(i)
  if (length === 0) return EMPTY_LIST
  const start = event.paramOffset(i)
  if (likely.madeFrom(event.view, start, start + length)) return likely
  return new StringList(event.bytes.slice(start, start + length))
}
