import type { FieldUse, Unmatched } from '@falc/engine'
import type { CaptureCounts } from './capture/capture-counts.ts'
import type { CaptureFile } from './capture/file.ts'
import type { MachineInfo } from './capture/visitor.ts'
import { Delivery, type EventTap } from './delivery.ts'
import { demandOf } from './demand/demand.ts'
import { SyscallEvent } from './event.ts'
import type { EventTables } from './model/event-tables.ts'
import type { InterfaceTable } from './model/interfaces.ts'
import type { UserTable } from './model/users.ts'
import { SkipEvents } from './state/skip-events.ts'
import type { StateOptions, SyscallState } from './state/state.ts'

export interface ReplayOptions extends StateOptions {
  /** Event types to deliver. Others only update the state, or are passed over if they do not affect it. Default: all. */
  readonly wanted?: Iterable<number>
  /**
   * The fields that will be read of the delivered events (`Detector.fieldsRead`). With it, state that none of them reads is
   * not kept, and events that only change such state are passed over. Default: any field may be read.
   */
  readonly fields?: Iterable<FieldUse>
  /** Events among the wanted that no rule can match (`Detector.unmatched`): they are passed over. Default: none. */
  readonly unmatched?: Unmatched
  /** `Detector.excludes`: asked about an event that has a type, a thread, perhaps a descriptor, and nothing else. Default: nothing is excluded. */
  readonly excludes?: Excludes
  /** Reads every event as if it were the first of its kind, whatever `wanted` and `fields` say: the slow twin. */
  readonly readAll?: boolean
}

export type Excludes = (event: SyscallEvent, rules?: readonly number[]) => boolean

/** What a replay needs of a capture, wherever its bytes come from. */
export type CaptureStream = Pick<CaptureFile, 'reader' | 'size' | 'position' | 'next' | 'fill' | 'close'>

/** A capture being replayed: the events that rules see, one reused object for all of them, and the state behind it. */
export class Replay implements EventTables {
  readonly state: SyscallState
  /** Overwritten by the next call to `next` or `fill`. */
  readonly event: SyscallEvent
  readonly #file: CaptureStream
  readonly #delivery: Delivery
  /** Which events are passed over; null = none. */
  #skips: SkipEvents | null
  readonly #readAll: boolean
  /** They are not yet, because the first events are still to come. */
  #waiting: boolean
  /** Captures that the file has had so far. */
  #sections: number
  /** Empty, as in Falco's replays, although captures hold a host name: see `machine`. */
  readonly hostname = ''

  constructor(file: CaptureStream, state: SyscallState, options: ReplayOptions = {}) {
    const { wanted, fields, unmatched, excludes, readAll } = options
    this.#file = file
    this.state = state
    this.event = file.reader.event
    this.#sections = file.reader.counts.sections
    this.#readAll = readAll === true
    const types = wanted === undefined ? undefined : [...wanted]
    this.#delivery = new Delivery(state, types)
    this.#skips = this.#skipsFor(types, fields, unmatched, excludes)
    this.#waiting = this.#skips !== null
    this.event.tables = this
  }

  /** Time of the first event, ns since 1970; undefined before it. In a file of several captures: of the present one. */
  get firstTime(): bigint | undefined {
    return this.#delivery.firstTime
  }

  get users(): UserTable {
    return this.state.tables.users
  }

  get interfaces(): InterfaceTable {
    return this.state.tables.interfaces
  }

  /** Counts of everything read and skipped, by kind. */
  get counts(): CaptureCounts {
    return this.#file.reader.counts
  }

  /** The recorded machine; null if the capture does not describe it. */
  get machine(): MachineInfo | null {
    return this.#file.reader.machine
  }

  /** Size of the file in bytes; 0 = unknown. */
  get size(): number {
    return this.#file.size
  }

  /** Bytes of the file read so far. */
  get position(): number {
    return this.#file.position
  }

  /**
   * Advances to the next event that rules see. Returns false if the bytes read so far hold none: call `fill`.
   * @throws {CaptureError} once, where the capture breaks off; all earlier events have been delivered
   */
  next(): boolean {
    const { event } = this
    const file = this.#file
    const delivery = this.#delivery
    const { counts } = file.reader
    while (file.next()) {
      if (counts.sections !== this.#sections) this.#restart()
      const delivered = delivery.take(event)
      if (this.#waiting && delivery.begun) this.#skip()
      if (delivered) return true
    }
    return false
  }

  /** Waits for more bytes. Returns false at the end of the capture. @throws {CaptureError} if the compressed stream is broken */
  fill(): Promise<boolean> {
    return this.#file.fill()
  }

  /**
   * Changes what is delivered and read; call it between two events. State that was not kept until now is not known: only
   * what happens from now on is.
   */
  want(
    wanted: Iterable<number> | undefined,
    fields?: Iterable<FieldUse>,
    unmatched?: Unmatched,
    excludes?: Excludes,
  ): void {
    const types = wanted === undefined ? undefined : [...wanted]
    this.#delivery.want(types)
    this.#skips = this.#skipsFor(types, fields, unmatched, excludes)
    this.tap(this.#delivery.tap)
  }

  #skipsFor(
    types: readonly number[] | undefined,
    fields: Iterable<FieldUse> | undefined,
    unmatched: Unmatched | undefined,
    excludes: Excludes | undefined,
  ): SkipEvents | null {
    if (types === undefined || this.#readAll) return null
    const asked = new SyscallEvent()
    asked.tables = this
    return new SkipEvents(this.state.tables, demandOf(types, fields, unmatched), (type, thread, fd, rules) => {
      asked.type = type
      asked.thread = thread
      asked.fd = fd ?? null
      asked.fdUnknown = fd === undefined
      return excludes?.(asked, rules) === true
    })
  }

  /** Another capture follows in the file, and is read as the first one was. */
  #restart(): void {
    this.#sections = this.#file.reader.counts.sections
    this.#delivery.restart()
    this.#waiting = this.#delivery.tap === null && this.#skips !== null
  }

  #skip(): void {
    this.#waiting = false
    this.#file.reader.skips = this.#skips
    if (this.#skips?.environments === false) this.state.tables.forgetEnvironments()
    if (this.#skips?.order === false) this.state.tables.forgetOrder()
  }

  /**
   * Sets a function called for every event, including those not delivered; null removes it. As long as there is one, no event is
   * passed over. To get the whole state, set it before the first event, or open the capture with `readAll`.
   */
  tap(tap: EventTap | null): void {
    this.#delivery.tap = tap
    this.#file.reader.skips = null
    this.state.tables.keepsEnvironments = true
    this.#waiting = tap === null && this.#skips !== null
  }

  close(): void {
    this.#file.close()
  }
}
