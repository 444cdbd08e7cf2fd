import { PPME } from '../events/ids.ts'
import { SYSCALL_NAMES } from '../events/syscalls.ts'
import { EVENTS, EventClass } from '../events/table.ts'
import { eventTypes } from './event-types.ts'

/** An event that rules can ask evt.type for. */
export interface EventListing {
  /** evt.type. */
  readonly name: string
  /** A system call's return, or something that is no call. */
  readonly syscall: boolean
  /** It has no type of its own: only which call it was is known. */
  readonly generic: boolean
  readonly params: readonly { readonly name: string; readonly type: string }[]
}

/** The events that rules see, with the parameters that evt.arg can be asked for, by name. */
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
