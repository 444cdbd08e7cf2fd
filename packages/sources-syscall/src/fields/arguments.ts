import type { SyscallEvent } from '../event.ts'
import type { ParamInfo } from '../events/params.ts'
import { EVENTS } from '../events/table.ts'

/**
 * Maps an argument name to a parameter index for each event type: index by event id, -1 = the event has no parameter of that
 * name.
 */
export class ArgumentRef {
  readonly name: string
  readonly #indexes: Int8Array
  /** The first parameter of that name in the event table; its type is used for the argument when rules are loaded. */
  readonly info: ParamInfo | null

  constructor(name: string, indexes: Int8Array, info: ParamInfo | null) {
    this.name = name
    this.#indexes = indexes
    this.info = info
  }

  /** Returns the parameter index in this event; -1 = none. */
  of(event: SyscallEvent): number {
    const index = this.#indexes[event.type]!
    return index < event.nparams ? index : -1
  }
}

const byName = new Map<string, ArgumentRef>()

/** Resolves `name` in `evt.arg.name`. @throws {Error} if no event has a parameter of that name. */
export function argumentByName(name: string): ArgumentRef {
  const known = byName.get(name)
  if (known !== undefined) return known
  const indexes = Int8Array.from(EVENTS, event => event.params.findIndex(param => param.name === name))
  const first = indexes.findIndex(index => index >= 0)
  if (first < 0) throw new Error(`unknown event argument ${name}`)
  const ref = new ArgumentRef(name, indexes, EVENTS[first]!.params[indexes[first]!]!)
  byName.set(name, ref)
  return ref
}

/** Resolves `N` in `evt.arg[N]`, or a name. @throws {Error} if it is neither a number nor the name of a parameter. */
export function argumentRef(text: string): ArgumentRef {
  if (!/^\d+$/.test(text)) return argumentByName(text)
  const index = Number(text)
  return new ArgumentRef(
    text,
    Int8Array.from(EVENTS, event => (index < event.params.length ? index : -1)),
    null,
  )
}
