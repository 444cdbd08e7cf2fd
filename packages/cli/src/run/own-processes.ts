import { ownProcesses } from '@falc/outputs'

/** The part of an event that is read; only events of system calls have a thread. */
interface Traced {
  /** Nanoseconds since 1970. */
  readonly time: bigint
  readonly thread?: Relative | null
}

interface Relative {
  readonly pid: number
  /** Session id. */
  readonly sid: number
  readonly parent: Relative | null
}

/** The maximum number of ancestors that are searched. The children of a program are never this deep, and recordings may hold cycles. */
const MAX_ANCESTORS = 64

/**
 * Whether an event is about a process that an output has started, or about one of its descendants: program_output's
 * program, and logger for syslog_output. An alert about it would start the next one, without end.
 */
export function isOwnProcess({ thread, time }: Traced, processes: typeof ownProcesses = ownProcesses): boolean {
  if (processes.size === 0) return false
  let next = thread ?? null
  for (let i = 0; next !== null && i < MAX_ANCESTORS; i++) {
    if (processes.has(next.pid, time) || processes.has(next.sid, time)) return true
    next = next.parent
  }
  return false
}
