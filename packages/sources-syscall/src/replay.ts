import { type CaptureFile, openCapture as openFile } from './capture/file.ts'
import type { CaptureCounts } from './capture/reader.ts'
import type { MachineInfo } from './capture/visitor.ts'
import type { SyscallEvent } from './event.ts'
import { PPME } from './events/ids.ts'
import { EVENTS, EventClass, EventFlag } from './events/table.ts'
import { setMachine } from './fields/machine.ts'
import { type StateOptions, SyscallState } from './state/state.ts'

export interface ReplayOptions extends StateOptions {
  /** Event types that somebody wants to see: others are taken into the state, or passed over when they change none. Default: all. */
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

/** Events that leave the state as it is. They still make up an entry for a thread that nothing is known of, which nobody can see. */
const STATELESS: Uint8Array = Uint8Array.from(EVENTS, event =>
  event.enter ||
  event.flags & (EventFlag.modifies_state | EventFlag.creates_fd | EventFlag.destroys_fd) ||
  learns(event.id)
    ? 0
    : 1,
)

/** Reads and writes tell who talks to whom; memory and scheduler events bring counters. */
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

/** A capture being replayed: the events that rules see, one object for all of them, with the state behind it. */
export class Replay {
  readonly state: SyscallState
  /** Overwritten by the next call of `next` or `fill`. */
  readonly event: SyscallEvent
  private readonly file: CaptureFile
  private readonly wanted: Uint8Array | null
  private initial = true

  constructor(file: CaptureFile, state: SyscallState, wanted?: Iterable<number>) {
    this.file = file
    this.state = state
    this.event = file.event
    this.wanted = wanted === undefined ? null : flagged(wanted)
    setMachine(this.event, state)
  }

  /** What the reader met, by kind. */
  get counts(): CaptureCounts {
    return this.file.counts
  }

  /** The recorded machine; null when the capture does not tell. */
  get machine(): MachineInfo | null {
    return this.file.machine
  }

  /** Bytes of the file; 0 = not known. */
  get size(): number {
    return this.file.size
  }

  /** Bytes of the file read so far. */
  get position(): number {
    return this.file.position
  }

  /**
   * Goes to the next event that rules see. False = there is none in the bytes read so far: `fill`.
   * @throws {CaptureError} once, where the capture breaks off; all events before have been delivered
   */
  next(): boolean {
    const { file, event, state, wanted } = this
    while (file.next()) {
      if (wanted !== null && wanted[event.type] === 0 && STATELESS[event.type] === 1) continue
      if (!state.apply(event)) continue
      if (this.initial) {
        if (isInitial(event.type)) continue
        this.initial = false
      }
      if (wanted === null || wanted[event.type] === 1) return true
    }
    return false
  }

  /** Waits for more bytes. False = the capture is through. @throws {CaptureError} when the compressed stream is broken */
  fill(): Promise<boolean> {
    return this.file.fill()
  }

  close(): void {
    this.file.close()
  }
}

function flagged(types: Iterable<number>): Uint8Array {
  const flags = new Uint8Array(EVENTS.length)
  for (const type of types) flags[type] = 1
  return flags
}
