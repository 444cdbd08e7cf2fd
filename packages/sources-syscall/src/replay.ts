import { type CaptureFile, openCapture as openFile } from './capture/file.ts'
import type { CaptureCounts } from './capture/reader.ts'
import type { MachineInfo } from './capture/visitor.ts'
import { Delivery, type EventTap } from './delivery.ts'
import type { SyscallEvent } from './event.ts'
import type { EventTables } from './model/event-tables.ts'
import type { InterfaceTable } from './model/interfaces.ts'
import type { UserTable } from './model/users.ts'
import { type StateOptions, SyscallState } from './state/state.ts'

export interface ReplayOptions extends StateOptions {
  /** Event types to deliver. Others only change the state, or are skipped when they do not. Default: all. */
  readonly wanted?: Iterable<number>
}

/**
 * Opens a capture and replays it: every event changes the state that fields read, then rules see it.
 *
 *   const replay = await openCapture(path)
 *   do { while (replay.next()) for (const alert of engine.evaluate(source, replay.event)) … } while (await replay.fill())
 *
 * @throws {CaptureError} when it is no capture, or breaks off before its first event
 * @throws {Error} of the file system when it cannot be read
 */
export async function openCapture(path: string, options: ReplayOptions = {}): Promise<Replay> {
  const state = new SyscallState(options)
  const file = await openFile(path, state)
  return new Replay(file, state, options.wanted)
}

/** A capture being replayed: the events that rules see, one object for all of them, with the state behind it. */
export class Replay implements EventTables {
  readonly state: SyscallState
  /** Overwritten by the next call of `next` or `fill`. */
  readonly event: SyscallEvent
  readonly #file: CaptureFile
  readonly #delivery: Delivery
  /** Empty, as in Falco's replays, although captures hold a host name: see `machine`. */
  readonly hostname = ''

  constructor(file: CaptureFile, state: SyscallState, wanted?: Iterable<number>) {
    this.#file = file
    this.state = state
    this.event = file.event
    this.#delivery = new Delivery(state, wanted)
    this.event.tables = this
  }

  /** Time of the first event, ns since 1970; undefined before it. */
  get firstTime(): bigint | undefined {
    return this.#delivery.firstTime
  }

  get users(): UserTable {
    return this.state.tables.users
  }

  get interfaces(): InterfaceTable {
    return this.state.tables.interfaces
  }

  /** What the reader has read and skipped, by kind. */
  get counts(): CaptureCounts {
    return this.#file.counts
  }

  /** The recorded machine; null when the capture does not tell. */
  get machine(): MachineInfo | null {
    return this.#file.machine
  }

  /** Bytes of the file; 0 = not known. */
  get size(): number {
    return this.#file.size
  }

  /** Bytes of the file read so far. */
  get position(): number {
    return this.#file.position
  }

  /**
   * Goes to the next event that rules see. False = there is none in the bytes read so far: `fill`.
   * @throws {CaptureError} once, where the capture breaks off; all events before have been delivered
   */
  next(): boolean {
    const { event } = this
    const file = this.#file
    const delivery = this.#delivery
    while (file.next()) if (delivery.take(event)) return true
    return false
  }

  /** Waits for more bytes. False = the capture has ended. @throws {CaptureError} when the compressed stream is broken */
  fill(): Promise<boolean> {
    return this.#file.fill()
  }

  /** Sets a function that sees every event, those that are not delivered as well; null = none. */
  tap(tap: EventTap | null): void {
    this.#delivery.tap = tap
  }

  close(): void {
    this.#file.close()
  }
}
