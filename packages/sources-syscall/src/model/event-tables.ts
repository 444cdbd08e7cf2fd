import type { InterfaceTable } from './interfaces.ts'
import type { UserTable } from './users.ts'

/** Inputs of fields other than the event, its thread and its descriptor: tables of the machine, and facts about the stream. */
export interface EventTables {
  readonly users: UserTable
  readonly interfaces: InterfaceTable
  /**
   * Host name of the machine; '' in a replay, as in Falco, even though captures record one. If missing, evt.hostname is
   * absent.
   */
  readonly hostname?: string
  /**
   * Time of the first event of the stream that is not a meta event, ns since 1970; undefined until then. If missing,
   * evt.reltime is 0.
   */
  readonly firstTime?: bigint | undefined
}
