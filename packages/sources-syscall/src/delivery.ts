import type { SyscallEvent } from './event.ts'
import { PPME } from './events/ids.ts'
import { EVENTS, EventClass, EventFlag } from './events/table.ts'
import type { SyscallState } from './state/state.ts'

/** Sees every event of a stream as it passes: a recorder. */
export type EventTap = (event: SyscallEvent, delivered: boolean) => void

/**
 * What stands between a stream of events, recorded or live, and the rules: each event changes the state that fields read;
 * those that are wanted are delivered.
 */
export class Delivery {
  readonly #state: SyscallState
  #wanted: Uint8Array | null = null
  #initial = true
  /** Time of the first event that is not a meta event, ns since 1970: evt.reltime counts from it. */
  firstTime: bigint | undefined = undefined
  /** Sees every event, after the state has: `delivered` = rules are to see it. */
  tap: EventTap | null = null

  /** @param wanted event types to deliver; others only change the state, or are skipped when they do not. Default: all */
  constructor(state: SyscallState, wanted?: Iterable<number>) {
    this.#state = state
    this.want(wanted)
  }

  /** Changes what is wanted, between two events. */
  want(wanted: Iterable<number> | undefined): void {
    this.#wanted = wanted === undefined ? null : flagged(wanted)
  }

  /** Takes an event. True = rules are to see it. */
  take(event: SyscallEvent): boolean {
    const delivered = this.#apply(event)
    if (this.tap !== null) this.tap(event, delivered)
    return delivered
  }

  #apply(event: SyscallEvent): boolean {
    const wanted = this.#wanted
    if (this.firstTime === undefined && !isMeta(event.type)) this.firstTime = event.time
    if (wanted !== null && wanted[event.type] === 0 && STATELESS[event.type] === 1) return false
    if (!this.#state.apply(event)) return false
    if (this.#initial) {
      if (isInitial(event.type)) return false
      this.#initial = false
    }
    return wanted === null || wanted[event.type] === 1
  }
}

/** Events that leave the state as it is, except for an entry for an unknown thread, which no field shows. */
export const STATELESS: Uint8Array = Uint8Array.from(EVENTS, event =>
  event.enter ||
  event.flags & (EventFlag.modifies_state | EventFlag.creates_fd | EventFlag.destroys_fd) ||
  learns(event.id)
    ? 0
    : 1,
)

/** Reads and writes show who talks to whom; memory and scheduler events carry counters. */
function learns(id: number): boolean {
  const { category, classes } = EVENTS[id]!
  return (
    category === 'io_read' ||
    category === 'io_write' ||
    category === 'io_other' ||
    category === 'net' ||
    category === 'memory' ||
    category === 'process' ||
    category === 'user' ||
    category === 'file' ||
    (classes & EventClass.scheduler) !== 0
  )
}

/** Information from the recorder, not an event of the machine. */
function isMeta(type: number): boolean {
  return (EVENTS[type]!.classes & EventClass.metaevent) !== 0
}

/** Events before the first other one that Falco takes while it opens the capture: rules never see them. */
function isInitial(type: number): boolean {
  switch (type) {
    case PPME.CONTAINER_JSON_2_E:
    case PPME.USER_ADDED_E:
    case PPME.USER_DELETED_E:
    case PPME.GROUP_ADDED_E:
    case PPME.GROUP_DELETED_E:
    case PPME.ASYNCEVENT_E:
      return true
    default:
      return false
  }
}

function flagged(types: Iterable<number>): Uint8Array {
  const flags = new Uint8Array(EVENTS.length)
  for (const type of types) flags[type] = 1
  return flags
}
