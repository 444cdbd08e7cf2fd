import { CaptureFileWriter } from '../capture/file.ts'
import { type EventTap, STATELESS } from '../delivery.ts'
import type { SyscallEvent } from '../event.ts'
import type { NameSearch, Names } from '../state/name-search.ts'
import type { SyscallState } from '../state/state.ts'
import { nameEvents } from './name-events.ts'
import { writeTables } from './write-tables.ts'

/** A stream of events with the state behind it: a Replay, or what is Live. */
export interface EventStream {
  readonly state: SyscallState
  tap(tap: EventTap | null): void
}

export interface RecorderOptions {
  /** Compressed, as Falco's and sysdig's recordings are. Default: not. */
  readonly gzip?: boolean
  /** ns since 1970; default: now. */
  readonly time?: bigint
}

/** Bit of a block's flags: for the tables' sake, rules do not see it. */
const STATE_ONLY = 1

/**
 * Records a stream into a capture file, from now on: the tables as they are, then events. What is not wanted is recorded for
 * the tables' sake alone if it changes them, so that the wanted events mean the same in a replay.
 */
export class Recorder {
  readonly #file: CaptureFileWriter
  readonly #names: NameSearch

  /** @throws {Error} of the file system when the file cannot be made */
  constructor(path: string, stream: EventStream, options: RecorderOptions = {}) {
    const { users, names } = stream.state.tables
    const now = () => options.time ?? BigInt(Date.now()) * 1_000_000n
    this.#file = new CaptureFileWriter(path, options)
    this.#names = names
    writeTables(this.#file.writer, stream.state.tables, now())
    const tell = (id: string, found: Names) => {
      for (const note of nameEvents(id, found, now())) this.write(note)
    }
    for (const id of users.containers()) tell(id, { users: users.usersOf(id), groups: users.groupsOf(id) })
    names.onFound = tell
  }

  /** Events in the file. */
  get events(): number {
    return this.#file.writer.events
  }

  /** Bytes in the file; the last ones may still be in memory. */
  get size(): number {
    return this.#file.size
  }

  /** Records an event. @throws {Error} of the file system */
  write(event: SyscallEvent): void {
    this.#file.writer.write(event)
  }

  /** Records an event that does not match, if the tables need it. @throws {Error} of the file system */
  pass(event: SyscallEvent): void {
    if (STATELESS[event.type] === 1) return
    const { bytes, start, end, cpu, blockFlags } = event
    this.#file.writer.writeBytes(bytes, start, end, cpu, blockFlags | STATE_ONLY)
  }

  /** @throws {Error} of the file system */
  close(): void {
    this.#names.onFound = null
    this.#file.close()
  }
}
