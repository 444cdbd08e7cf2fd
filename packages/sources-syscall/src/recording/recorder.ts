import { CaptureFileWriter } from '../capture/file.ts'
import type { EventTap } from '../delivery.ts'
import type { SyscallEvent } from '../event.ts'
import type { NameSearch, Names } from '../state/name-search.ts'
import type { SyscallState } from '../state/state.ts'
import { nameEvents } from './name-events.ts'
import { STATELESS } from './stateless.ts'
import { writeTables } from './write-tables.ts'

/** A stream of events and the state behind it: a Replay or a Live. */
export interface EventStream {
  readonly state: SyscallState
  tap(tap: EventTap | null): void
}

export interface RecorderOptions {
  /** Compress the file, as Falco and sysdig do. Default: false. */
  readonly gzip?: boolean
  /** ns since 1970; default: now. */
  readonly time?: bigint
}

/** Block flag: the event only updates the tables, rules do not see it. */
const STATE_ONLY = 1

/**
 * Records a stream into a capture file from now on: first the current tables, then events. Unwanted events that change the
 * tables are recorded as well, hidden from rules, so that the wanted ones mean the same in a replay.
 */
export class Recorder {
  readonly #file: CaptureFileWriter
  readonly #names: NameSearch
  /** Why names that were found since could not be written: what is recorded next reports it. */
  #failure: { readonly error: unknown } | undefined

  /** @throws {Error} from the file system, if the file cannot be created */
  constructor(path: string, stream: EventStream, options: RecorderOptions = {}) {
    const { users, names } = stream.state.tables
    const now = () => options.time ?? BigInt(Date.now()) * 1_000_000n
    this.#file = new CaptureFileWriter(path, options)
    this.#names = names
    const tell = (id: string, found: Names) => {
      for (const note of nameEvents(id, found, now())) this.write(note)
    }
    try {
      writeTables(this.#file.writer, stream.state.tables, now())
      for (const id of users.containers()) tell(id, { users: users.usersOf(id), groups: users.groupsOf(id) })
    } catch (error) {
      this.#file.abandon()
      throw error
    }
    names.onFound = (id, found) => {
      // Thrown here, it would end the stream that is recorded, and with it detection.
      try {
        tell(id, found)
      } catch (error) {
        this.#failure ??= { error }
      }
    }
  }

  /** Events in the file. */
  get events(): number {
    return this.#file.writer.events
  }

  /** Bytes written to the file, not counting those still buffered. */
  get size(): number {
    return this.#file.size
  }

  /** Records an event. @throws {Error} from the file system */
  write(event: SyscallEvent): void {
    this.#check()
    this.#file.writer.write(event)
  }

  /** Records an event that does not match, if the tables need it. @throws {Error} from the file system */
  pass(event: SyscallEvent): void {
    if (STATELESS[event.type] === 1) return
    this.#check()
    const { bytes, start, end, cpu, blockFlags } = event
    this.#file.writer.writeBytes(bytes, start, end, cpu, blockFlags | STATE_ONLY)
  }

  /** @throws {Error} from the file system */
  close(): void {
    this.#names.onFound = null
    if (this.#failure) this.#file.abandon()
    else this.#file.close()
    this.#check()
  }

  /** Closes the file without what has not been written. */
  abandon(): void {
    this.#names.onFound = null
    this.#file.abandon()
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error
  }
}
