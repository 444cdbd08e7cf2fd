import { SyscallEvent } from '../event.ts'
import type { Container } from '../model/container.ts'
import type { SyscallState } from '../state/state.ts'
import { Announcements } from './announcements.ts'
import { containerEvent } from './container-event.ts'
import type { Announced } from './description.ts'
import { type EngineSockets, type Engines, openEngines } from './engines.ts'
import type { LookupReason } from './failure.ts'
import { type Awaited, Held } from './held.ts'
import { type LookupCounts, type LookupOptions, Lookups } from './lookups.ts'
import { type PodCounts, type PodDirectory, Pods } from './pods.ts'
import type { WatchCounts } from './watches.ts'

export interface MetadataOptions extends LookupOptions {
  /** Sockets that replace the default ones, by protocol. */
  readonly sockets?: Partial<EngineSockets>
  /** Longer labels are omitted; default 100, as in Falco. */
  readonly labelMaxLength?: number
  /** Maximum milliseconds that an evaluation waits for metadata; default 2000, 0 = do not wait. */
  readonly holdMs?: number
  /** Limits on the held events. Defaults: 4096 events, 16 MiB. */
  readonly holdEvents?: number
  readonly holdBytes?: number
  /** The directory of this node's pods; it is closed with this. Default: none. */
  readonly pods?: PodDirectory
}

/** Milliseconds that a session waits at startup for the metadata of running containers. */
const SETTLE = 500

/** Outcomes of look-ups, and of evaluations that needed metadata before it was available. */
export interface MetadataCounts {
  readonly lookups: Readonly<LookupCounts>
  /** Look-ups of announced containers before their first event. */
  readonly ahead: Readonly<LookupCounts>
  /** Connections over which engines announce containers. */
  readonly watches: Readonly<WatchCounts>
  /** Announcements dropped because there were too many. */
  readonly dropped: number
  /** Pods by the outcome of their look-up; absent without a directory. */
  readonly pods?: PodCounts
  readonly kubernetes?: Readonly<Record<string, number>>
  /** Evaluations that waited. */
  readonly held: number
  /** Of these: got the metadata; were released at the end of the window; had a failed look-up. */
  readonly filled: number
  readonly expired: number
  readonly failed: number
  /** Evaluations that could not wait because the limits were reached. */
  readonly overflowed: number
}

/**
 * Metadata of the containers and pods on a live machine. It looks up every one that the state encounters. Passed to `evaluate`
 * as the deferral, it holds events whose rules need metadata that is still pending:
 *
 *   const alerts = engine.evaluate(source, event, metadata)
 *   if (alerts !== undefined) deliver(alerts)         // else `next` returns the event again
 *
 * `next` returns, in order of arrival, the events that describe containers and pods (for rules and recordings; the state has already
 * applied them) and the events that waited. `onReady` is called when there are any.
 */
export class ContainerMetadata {
  onReady: (() => void) | null = null
  readonly #state: SyscallState
  readonly #engines: Engines
  readonly #announcements: Announcements
  readonly #lookups: Lookups<Container>
  readonly #held: Held
  readonly #ready: SyscallEvent[] = []
  readonly #windows = new Map<Container, NodeJS.Timeout>()
  readonly #looking = new Set<Container>()
  readonly #holdMs: number
  readonly #pods: Pods | undefined
  #settled: (() => void) | null = null

  constructor(state: SyscallState, options: MetadataOptions = {}, engines?: Engines) {
    this.#engines = engines ?? openEngines(options.sockets, options.concurrency, undefined, options.labelMaxLength)
    this.#state = state
    this.#holdMs = options.holdMs ?? 2000
    this.#held = new Held(options.holdEvents ?? 4096, options.holdBytes ?? 16 << 20)
    this.#announcements = new Announcements(this.#engines, announced => this.#heard(announced), options)
    this.#lookups = new Lookups<Container>(
      this.#engines,
      (container, found, reason) => this.#done(container, found, reason),
      options,
      ({ fullId, owner }) => (owner === null ? this.#announcements.get(fullId) : undefined),
    )
    this.#pods =
      options.pods &&
      new Pods(
        state,
        options.pods,
        this.#holdMs,
        (name, info) => {
          this.#raise(info, name)
          this.onReady?.()
        },
        (pod, outcome) => this.#released(pod, outcome),
      )
    state.tables.containers.onNew = container => this.#look(container)
    for (const container of state.tables.containers) {
      if (container.info === null && container.type === '') this.#look(container)
    }
  }

  get counts(): MetadataCounts {
    const { ahead, watches, dropped } = this.#announcements
    return {
      lookups: this.#lookups.counts,
      ahead: ahead.counts,
      watches: watches.counts,
      dropped,
      ...(this.#pods && { pods: this.#pods.counts, kubernetes: this.#pods.events }),
      ...this.#held.counts,
    }
  }

  /** Call this before evaluating an event. */
  before(event: SyscallEvent): void {
    const { thread } = event
    if (thread === null) return
    const { container } = thread
    if (!container.pending && container.pod?.pending !== true) return
    container.missed = false
    if (container.pod !== null) container.pod.missed = false
    // Discard results memoized while metadata was absent: with them, no field would ask for it again.
    thread.memo = null
  }

  /** Number of containers and pods whose metadata is pending. */
  get pending(): number {
    return this.#windows.size + (this.#pods?.pending ?? 0)
  }

  /** Whether the evaluation just done asked for pending metadata. */
  asked(event: SyscallEvent): boolean {
    return awaited(event) !== null
  }

  /** Call this after the evaluation. True = it asked for pending metadata: discard its result, `next` will return the event again. */
  hold(event: SyscallEvent): boolean {
    const missing = awaited(event)
    if (missing === null) return false
    missing.missed = false
    event.thread!.memo = null
    return this.#held.add(missing, event)
  }

  /** The next event that describes a container or has waited; null = none is ready. */
  next(): SyscallEvent | null {
    return this.#ready.shift() ?? null
  }

  /** Resolves when no look-up is pending, or after `ms`. Used for the containers already running when a session starts. */
  async settle(ms = Math.min(this.#holdMs, SETTLE)): Promise<void> {
    if (this.#lookups.pending === 0 && this.pending === 0) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>(resolve => {
      this.#settled = resolve
      timer = setTimeout(resolve, ms)
    })
    clearTimeout(timer)
    this.#settled = null
  }

  /** Releases all held events as they are: `next` returns them. */
  flush(): void {
    for (const container of [...this.#windows.keys()]) this.#expire(container)
    this.#pods?.flush()
  }

  close(): void {
    this.#state.tables.containers.onNew = null
    for (const timer of this.#windows.values()) clearTimeout(timer)
    this.#windows.clear()
    this.#pods?.close()
    this.#lookups.close()
    this.#announcements.close()
    this.#engines.close()
  }

  #look(container: Container): void {
    if (this.#holdMs > 0) {
      container.pending = true
      const window = setTimeout(() => this.#expire(container), this.#holdMs)
      window.unref()
      this.#windows.set(container, window)
    }
    this.#start(container)
  }

  /** An engine has announced a container. False = no event has referenced it. */
  #heard({ id, full_id: fullId }: Announced): boolean {
    const container = this.#state.tables.containers.get(id)
    if (container === undefined) return false
    if (container.info !== null) this.#announcements.forget(fullId)
    else if (this.#looking.has(container)) this.#lookups.wake(fullId)
    // Its look-up failed.
    else this.#start(container)
    return true
  }

  #start(container: Container): void {
    this.#looking.add(container)
    this.#lookups.start(container)
  }

  #done(container: Container, found: Announced | null, reason: LookupReason | null): void {
    this.#looking.delete(container)
    if (container.owner === null) this.#announcements.forget(container.fullId)
    if (reason !== null) container.whyAbsent = reason
    if (found !== null) this.#tell(found, container)
    if (container.pending) this.#release(container, reason === null ? 'filled' : 'failed')
    if (this.#lookups.pending <= 1 && this.pending === 0) this.#settled?.()
    if (this.#ready.length > 0) this.onReady?.()
  }

  /** The window has expired: use the engine's announcement, if any. The look-up continues. */
  #expire(container: Container): void {
    const known =
      container.info === null && container.owner === null ? this.#announcements.get(container.fullId) : undefined
    if (known !== undefined) this.#tell(known.container, container)
    container.whyAbsent = 'expired'
    this.#release(container, known === undefined ? 'expired' : 'filled')
    if (this.#ready.length > 0) this.onReady?.()
  }

  #tell(found: Announced, { owner }: Container): void {
    this.#raise({ container: owner === null ? found : { ...found, owner_uid: owner } })
  }

  #raise(info: object, name?: string): void {
    const bytes = containerEvent(JSON.stringify(info), BigInt(Date.now()) * 1_000_000n, name)
    const event = new SyscallEvent()
    if (!event.attach(bytes, new DataView(bytes.buffer), 0, bytes.length)) throw new Error('malformed container event')
    this.#state.apply(event)
    event.tables = this.#state.tables
    this.#ready.push(event)
  }

  #release(container: Container, outcome: 'filled' | 'expired' | 'failed'): void {
    container.pending = false
    clearTimeout(this.#windows.get(container))
    this.#windows.delete(container)
    for (const event of this.#held.take(container, outcome)) this.#ready.push(event)
  }

  #released(pod: Awaited, outcome: 'filled' | 'expired'): void {
    for (const event of this.#held.take(pod, outcome)) this.#ready.push(event)
    if (this.#lookups.pending === 0 && this.pending === 0) this.#settled?.()
    if (this.#ready.length > 0) this.onReady?.()
  }
}

/** What the evaluation of an event asked for and is pending: the container, else the pod. */
function awaited({ thread }: SyscallEvent): Awaited | null {
  if (thread === null) return null
  const { container } = thread
  if (container.pending && container.missed) return container
  const { pod } = container
  return pod?.pending === true && pod.missed ? pod : null
}
