import { PPME } from '../events/ids.ts'
import { SYSCALL_NAMES } from '../events/syscalls.ts'
import { EVENTS, EventClass } from '../events/table.ts'
import { eventTypes } from './event-types.ts'

/** An event type that rules can compare evt.type with. */
export interface EventListing {
  /** evt.type. */
  readonly name: string
  /** True for the exit event of a system call, false for other events. */
  readonly syscall: boolean
  /** The call has no event type of its own: nothing but the call itself is known. */
  readonly generic: boolean
  readonly params: readonly { readonly name: string; readonly type: string }[]
}

/** The events that rules see, by name, with the parameters available to evt.arg. */
export function listEvents(): EventListing[] {
  const { all } = eventTypes([])
  const own = all
    .filter(id => id !== PPME.GENERIC_X && id !== PPME.ASYNCEVENT_E)
    .map(id => {
      const { name, classes, params } = EVENTS[id]!
      return { name, syscall: (classes & EventClass.syscall) !== 0, generic: false, params: params.map(described) }
    })
  const named = new Set(own.map(({ name }) => name))
  const params = EVENTS[PPME.GENERIC_X]!.params.map(described)
  const generic = SYSCALL_NAMES.filter(name => name !== '' && !named.has(name)).map(name => ({
    ...{ name, syscall: true, generic: true, params },
  }))
  return [...own, ...generic].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function described({ name, type }: { readonly name: string; readonly type: string }) {
  return { name, type }
}
