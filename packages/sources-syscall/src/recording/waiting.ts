import { STATELESS } from '../delivery.ts'
import type { SyscallEvent } from '../event.ts'
import type { Recorder } from './recorder.ts'

/** Says whether metadata of containers is on its way: ContainerMetadata. */
export interface PendingMetadata {
  readonly pending: number
  before(event: SyscallEvent): void
  asked(event: SyscallEvent): boolean
  next(): SyscallEvent | null
}

export interface WaitingOptions {
  /** Events to record; undefined = all. Others are recorded for the tables' sake. */
  readonly matches?: ((event: SyscallEvent) => boolean) | undefined
  /** The most matching events to record. */
  readonly limit?: number
  /** Milliseconds that an event waits at most. Default: 2000. */
  readonly holdMs?: number
  /** Bytes that wait at most. Default: 16 MiB. */
  readonly holdBytes?: number
}

/** \`ask\`: whether it matches depends on metadata that is on its way. */
type Fate = 'write' | 'pass' | 'ask'

interface Entry {
  readonly event: SyscallEvent
  readonly fate: Fate
  /** It waits no longer (performance.now()). */
  readonly until: number
}

/**
 * Records a live stream. While metadata of a container is on its way, events wait, all of them, for they must stay in order: so
 * the description of a container precedes its first event, and conditions that ask for metadata have it.
 */
export class WaitingRecorder {
  /** Events that match, so far. */
  matched = 0
  /** Times that too much was waiting: what waited was taken as it was. */
  overflowed = 0
  readonly #recorder: Recorder
  readonly #metadata: PendingMetadata
  readonly #options: Required<Omit<WaitingOptions, 'matches'>> & Pick<WaitingOptions, 'matches'>
  #queue: Entry[] = []
  /** The first entry that waits. */
  #head = 0
  #bytes = 0

  constructor(recorder: Recorder, metadata: PendingMetadata, options: WaitingOptions = {}) {
    this.#recorder = recorder
    this.#metadata = metadata
    this.#options = { limit: Number.POSITIVE_INFINITY, holdMs: 2000, holdBytes: 16 << 20, ...options }
  }

  /** @throws {Error} of the file system */
  take(event: SyscallEvent): void {
    this.#metadata.before(event)
    const matches = this.#matches(event)
    if (this.#metadata.asked(event)) this.#wait(event.clone(), 'ask')
    else if (this.#waits) this.#wait(event.cloneBytes(), matches ? 'write' : 'pass')
    else this.#record(event, matches)
  }

  /** Takes an event that conditions are not asked about. @throws {Error} of the file system */
  pass(event: SyscallEvent): void {
    if (!this.#waits) this.#recorder.pass(event)
    else if (STATELESS[event.type] === 0) this.#wait(event.cloneBytes(), 'pass')
  }

  /** Writes the descriptions of containers, and events that need not wait any longer. @throws {Error} of the file system */
  settle(): void {
    for (let note = this.#metadata.next(); note !== null; note = this.#metadata.next()) this.#recorder.write(note)
    const now = performance.now()
    while (this.#head < this.#queue.length && (this.#metadata.pending === 0 || this.#queue[this.#head]!.until < now))
      this.#shift()
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }

  /** Writes everything that waits, as it is. @throws {Error} of the file system */
  finish(): void {
    while (this.#head < this.#queue.length) this.#shift()
    this.settle()
  }

  get #waits(): boolean {
    return this.#head < this.#queue.length || this.#metadata.pending > 0
  }

  #matches(event: SyscallEvent): boolean {
    return this.#options.matches === undefined || this.#options.matches(event)
  }

  #wait(event: SyscallEvent, fate: Fate): void {
    this.#queue.push({ event, fate, until: performance.now() + this.#options.holdMs })
    this.#bytes += event.end - event.start
    if (this.#bytes <= this.#options.holdBytes) return
    this.overflowed++
    this.finish()
  }

  #shift(): void {
    const { event, fate } = this.#queue[this.#head++]!
    this.#bytes -= event.end - event.start
    if (fate === 'pass') this.#recorder.pass(event)
    else this.#record(event, fate === 'write' || this.#matches(event))
  }

  #record(event: SyscallEvent, matches: boolean): void {
    if (matches && this.matched < this.#options.limit) {
      this.#recorder.write(event)
      this.matched++
    } else this.#recorder.pass(event)
  }
}
