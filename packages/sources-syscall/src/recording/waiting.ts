import type { SyscallEvent } from '../event.ts'
import type { Recorder } from './recorder.ts'
import { STATELESS } from './stateless.ts'

/** Tracks container metadata that is still pending; see ContainerMetadata. */
export interface PendingMetadata {
  readonly pending: number
  before(event: SyscallEvent): void
  asked(event: SyscallEvent): boolean
  next(): SyscallEvent | null
}

export interface WaitingOptions {
  /** Events to record; undefined = all. Others are recorded only if the tables need them. */
  readonly matches?: ((event: SyscallEvent) => boolean) | undefined
  /** Maximum number of matching events to record. */
  readonly limit?: number
  /** Maximum time that an event waits, in milliseconds. Default: 2000. */
  readonly holdMs?: number
  /** Maximum number of bytes waiting. Default: 16 MiB. */
  readonly holdBytes?: number
}

/** `ask`: whether it matches depends on pending metadata. */
type Decision = 'write' | 'pass' | 'ask'

interface Entry {
  readonly event: SyscallEvent
  readonly decision: Decision
  /** When it stops waiting (performance.now()). */
  readonly until: number
}

/**
 * Records a live stream. While container metadata is pending, all events wait, because they must stay in order. The
 * description of a container then precedes its first event, and conditions that read metadata find it.
 */
export class WaitingRecorder {
  /** Matching events so far. */
  matched = 0
  /** Number of times that the queue overflowed and was processed without the missing metadata. */
  overflowed = 0
  readonly #recorder: Recorder
  readonly #metadata: PendingMetadata
  readonly #options: Required<Omit<WaitingOptions, 'matches'>> & Pick<WaitingOptions, 'matches'>
  #queue: Entry[] = []
  /** Index of the first waiting entry. */
  #head = 0
  #bytes = 0

  constructor(recorder: Recorder, metadata: PendingMetadata, options: WaitingOptions = {}) {
    this.#recorder = recorder
    this.#metadata = metadata
    this.#options = { limit: Number.POSITIVE_INFINITY, holdMs: 2000, holdBytes: 16 << 20, ...options }
  }

  /** @throws {Error} from the file system */
  take(event: SyscallEvent): void {
    this.#metadata.before(event)
    const matches = this.#matches(event)
    if (this.#metadata.asked(event)) this.#wait(event.clone(), 'ask')
    else if (this.#waits) this.#wait(event.cloneBytes(), matches ? 'write' : 'pass')
    else this.#record(event, matches)
  }

  /** Takes an event that is not checked against conditions. @throws {Error} from the file system */
  pass(event: SyscallEvent): void {
    if (!this.#waits) this.#recorder.pass(event)
    else if (STATELESS[event.type] === 0) this.#wait(event.cloneBytes(), 'pass')
  }

  /** Writes container descriptions, then events that no longer need to wait. @throws {Error} from the file system */
  settle(): void {
    for (let note = this.#metadata.next(); note !== null; note = this.#metadata.next()) this.#recorder.write(note)
    const now = performance.now()
    while (this.#head < this.#queue.length && (this.#metadata.pending === 0 || this.#queue[this.#head]!.until < now))
      this.#shift()
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }

  /** Writes all waiting events without the missing metadata. @throws {Error} from the file system */
  finish(): void {
    // What has arrived since the last call is not missing.
    this.settle()
    while (this.#head < this.#queue.length) this.#shift()
    this.settle()
  }

  get #waits(): boolean {
    return this.#head < this.#queue.length || this.#metadata.pending > 0
  }

  #matches(event: SyscallEvent): boolean {
    return this.#options.matches === undefined || this.#options.matches(event)
  }

  #wait(event: SyscallEvent, decision: Decision): void {
    this.#queue.push({ event, decision, until: performance.now() + this.#options.holdMs })
    this.#bytes += event.end - event.start
    if (this.#bytes <= this.#options.holdBytes) return
    this.overflowed++
    this.finish()
  }

  #shift(): void {
    const { event, decision } = this.#queue[this.#head++]!
    this.#bytes -= event.end - event.start
    if (decision === 'pass') this.#recorder.pass(event)
    else this.#record(event, decision === 'write' || this.#matches(event))
  }

  #record(event: SyscallEvent, matches: boolean): void {
    if (matches && this.matched < this.#options.limit) {
      this.#recorder.write(event)
      this.matched++
    } else this.#recorder.pass(event)
  }
}
