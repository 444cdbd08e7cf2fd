import type { MachineInfo } from '../capture/visitor.ts'
import type { SyscallEvent } from '../event.ts'
import type { InterfaceTable } from '../state/interfaces.ts'
import type { ThreadTable } from '../state/thread-table.ts'
import type { UserTable } from '../state/users.ts'

/** What fields read of the recorded machine besides its threads. */
export interface Machine {
  readonly users: UserTable
  readonly interfaces: InterfaceTable
  /** null = the recording does not tell. */
  readonly info: MachineInfo | null
}

const machines = new WeakMap<ThreadTable, Machine>()

/** Tells the fields of threads in `threads` about their machine. */
export function setMachine(threads: ThreadTable, machine: Machine): void {
  machines.set(threads, machine)
}

/** The machine of the event's thread; null when the event has no thread, or nobody has told about its machine. */
export function machineOf(event: SyscallEvent): Machine | null {
  return event.thread === null ? null : (machines.get(event.thread.table) ?? null)
}
