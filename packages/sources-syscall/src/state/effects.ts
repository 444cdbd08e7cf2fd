import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import type { EventCode } from '../events/positions.ts'
import { EVENTS } from '../events/table.ts'
import type { Thread } from '../model/thread.ts'
import type { Tables } from './tables.ts'

/** Updates the tables for an event. Called with the event's thread. */
export type Effect = (tables: Tables, event: SyscallEvent, thread: Thread) => void

/** Like Effect, for events without a thread or with an unknown one. */
export type ThreadlessEffect = (tables: Tables, event: SyscallEvent) => void

/** The effects of one family of events, by the event's name. */
export type Effects<E = Effect> = Readonly<Partial<Record<EventCode, E>>>

/** The effects of all families by event type; null = the event changes nothing. @throws {TypeError} when two families claim an event */
export function effectsByType<E>(...families: readonly Effects<E>[]): readonly (E | null)[] {
  const effects: (E | null)[] = EVENTS.map(() => null)
  for (const family of families) {
    for (const [code, effect] of Object.entries(family) as [EventCode, E][]) {
      if (effects[PPME[code]] !== null) throw new TypeError(`state: ${code} has two effects`)
      effects[PPME[code]] = effect
    }
  }
  return effects
}
