import type { SyscallEvent } from './event.ts'
import { PPME } from './events/ids.ts'
import { EVENTS, EventClass } from './events/table.ts'
import type { SyscallState } from './state/state.ts'

/** Called for every event of a stream, for example by a recorder. */
export type EventTap = (event: SyscallEvent, delivered: boolean) => void

/**
 * Sits between a stream of events, recorded or live, and the rules. Each event updates the state that fields read; wanted
 * events are then delivered.
 */
export class Delivery {
  readonly #state: SyscallState
  #wanted: Uint8Array | null = null
  #initial = true
  /** Time of the first event that is not a meta event, ns since 1970: evt.reltime is relative to it. */
  firstTime: bigint | undefined = undefined
  /** Called for every event, after the state is updated. `delivered` = rules see it. */
  tap: EventTap | null = null

  /** @param wanted event types to deliver; others only update the state. Default: all */
  constructor(state: SyscallState, wanted?: Iterable<number>) {
    this.#state = state
    this.want(wanted)
  }

  /** Changes the set of wanted events; call it between two events. */
  want(wanted: Iterable<number> | undefined): void {
    this.#wanted = wanted === undefined ? null : flagged(wanted)
  }

  /** The first events are past, which are treated differently: from now on, others of a kind that is not wanted can be passed over. */
  get begun(): boolean {
    return !this.#initial && this.firstTime !== undefined
  }

  /** What follows is another capture: its first events are treated differently, too. */
  restart(): void {
    this.#initial = true
    this.firstTime = undefined
  }

  /** Processes an event. Returns true if rules should see it. */
  take(event: SyscallEvent): boolean {
    const delivered = this.#apply(event)
    if (this.tap !== null) this.tap(event, delivered)
    return delivered
  }

  #apply(event: SyscallEvent): boolean {
    const wanted = this.#wanted
    if (this.firstTime === undefined && !isMeta(event.type)) this.firstTime = event.time
    if (!this.#state.apply(event)) return false
    if (this.#initial) {
      if (isInitial(event.type)) return false
      this.#initial = false
    }
    return wanted === null || wanted[event.type] === 1
  }
}

/** Information from the recorder rather than an event on the machine. */
function isMeta(type: number): boolean {
  return (EVENTS[type]!.classes & EventClass.metaevent) !== 0
}

/** Falco consumes these while opening a capture, up to the first event of another type; rules never see them. */
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
