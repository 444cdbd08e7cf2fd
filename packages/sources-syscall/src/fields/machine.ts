import type { MachineInfo } from '../capture/visitor.ts'
import type { SyscallEvent } from '../event.ts'
import type { InterfaceTable } from '../state/interfaces.ts'
import type { UserTable } from '../state/users.ts'

/** What fields read of the recorded machine besides its threads. */
export interface MachineTables {
  readonly users: UserTable
  readonly interfaces: InterfaceTable
  /** null = the recording does not tell. */
  readonly machine: MachineInfo | null
}

/** By the one event object that all events of a stream come in. */
const machines = new WeakMap<SyscallEvent, MachineTables>()

/** Tells the fields of the events that come in this object about their machine. */
export function setMachine(event: SyscallEvent, machine: MachineTables): void {
  machines.set(event, machine)
}

/** The machine that the event was recorded on; null when nobody has told. */
export function machineOf(event: SyscallEvent): MachineTables | null {
  return machines.get(event) ?? null
}
