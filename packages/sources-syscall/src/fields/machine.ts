import type { SyscallEvent } from '../event.ts'
import type { InterfaceTable } from '../state/interfaces.ts'
import type { UserTable } from '../state/users.ts'

/** What fields read of the recorded machine and of the stream of its events, besides the event and its thread. */
export interface MachineTables {
  readonly users: UserTable
  readonly interfaces: InterfaceTable
  /** Name of the machine; '' in a replay, although captures hold one: so Falco. Not given: evt.hostname is absent. */
  readonly hostname?: string
  /** Time of the first event of the stream that is no note of the recorder, ns since 1970; undefined before it. Not given: evt.reltime is 0. */
  readonly firstTime?: bigint | undefined
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
