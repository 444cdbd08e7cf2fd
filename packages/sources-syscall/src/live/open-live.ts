import { hostname } from 'node:os'
import { Delivery, type EventTap } from '../delivery.ts'
import type { SyscallEvent } from '../event.ts'
import { failed } from '../fields/results.ts'
import type { EventTables } from '../model/event-tables.ts'
import type { InterfaceTable } from '../model/interfaces.ts'
import type { UserTable } from '../model/users.ts'
import { type StateOptions, SyscallState } from '../state/state.ts'
import { type CallOptions, unknownCalls, wantedCalls } from './calls.ts'
import { LiveError } from './live-error.ts'
import { LiveNames } from './machine-names.ts'
import { type Addon, loadAddon } from './native.ts'
import { Reconciler } from './reconciler.ts'
import type { Rings } from './rings.ts'
import { SidecarSession } from './session.ts'
import { openSidecar, type Sidecar } from './sidecar.ts'
import { COUNTERS, type Counter } from './wire.ts'

export interface LiveOptions extends StateOptions, CallOptions {
  /** By event type, 1 = deliver it, as Engine.wantedTypes returns it. Default: all. */
  readonly wanted?: Uint8Array | 'all'
  /** Bytes kept of what is read and written; default 80, as in Falco. */
  readonly snaplen?: number
  /** Bytes of each ring: a power of two; default 8 MiB, as in Falco. */
  readonly ringBytes?: number
  /** Default 1. */
  readonly cpusPerRing?: number
  /** Socket of a sidecar that runs as a service (`falc-probe --listen`). Default: one is started, which needs root. */
  readonly socketPath?: string
  /** Calls that failed change the state, and are not delivered (Falco's drop_failed_exit). */
  readonly dropFailed?: boolean
  /**
   * Seconds between two comparisons of the thread table with /proc, losses or not (Falco's
   * thread_table_auto_purging_interval_s), and of age from which a thread that has gone from there is taken out
   * (thread_table_auto_purging_thread_timeout_s). Default: 300 each, as in Falco.
   */
  readonly purgeInterval?: number
  readonly purgeTimeout?: number
  /** Do without shared memory: slower. Happens by itself when it is refused. */
  readonly stream?: boolean
  /** Told what happens on the way: the sidecar ended and was started again. */
  readonly warn?: (text: string) => void
}

/** What did not come through, and what happened on the way. */
export interface LiveCounts extends Record<Counter, number> {
  /** Ring records whose lengths contradict each other. */
  malformed: number
  /** Times that the sidecar had to be started again. */
  restarts: number
  /** Times that the state was compared with /proc after losses. */
  repairs: number
  /** Threads removed because they had ended and no exit event came. */
  purged: number
}

/**
 * Milliseconds of sleep between looks at the rings: the longer, the more events share the cost of waking up with cold caches.
 * Alerts wait up to two turns; Falco's reader sleeps as long.
 */
const TURN = 30
/** While records come over the socket, or a process in a new container may end before it has been looked at. */
const SHORT_TURN = 10
/** What one CPU can write at most: 2.5 million events of 100 bytes a second. */
const BYTES_PER_MS = 256 << 10
/** Falco's buffer size preset 4. */
const DEFAULT_RING_BYTES = 8 << 20
/** Milliseconds between looks at the sidecar's messages. */
const CONTROL_TURN = 100
/** A ring filled so far is read on without sleep. */
const BUSY_SHARE = 1 / 16
/** Looks at the rings of a sidecar that has ended, until all that they hold is delivered. */
const LAST_LOOKS = 3

/**
 * The running machine: events as they happen, with the state behind them. Same loop as a Replay:
 *
 *   const live = await openLive(options)
 *   do { while (live.next()) for (const alert of engine.evaluate(source, live.event)) … } while (await live.fill())
 *
 * @throws {LiveError} when this machine cannot do it, or lacks a part
 */
export async function openLive(options: LiveOptions = {}): Promise<Live> {
  const live = new Live(loadAddon(), options)
  try {
    await live.start()
    return live
  } catch (error) {
    await live.close()
    throw error
  }
}

export class Live implements EventTables {
  readonly hostname = hostname()
  readonly state: SyscallState
  readonly #addon: Addon
  readonly #options: LiveOptions
  readonly #delivery: Delivery
  readonly #dropFailed: boolean
  readonly #earlier: Record<Counter, number> = Object.fromEntries(COUNTERS.map(name => [name, 0])) as never
  readonly #sidecar: Sidecar
  readonly #names = new LiveNames()
  readonly #warn: (text: string) => void
  #stream: boolean
  #restarting: Promise<void> | undefined
  #failure: unknown
  #lastLooks = 0
  /** Of the sidecars before this one: time of the last event. */
  #lastBefore = 0n
  #session: SidecarSession | undefined
  #rings: Rings | undefined
  #wants: Uint8Array
  #malformed = 0
  #restartCount = 0
  #polled = 0
  readonly #reconciler: Reconciler
  #stopped = false

  constructor(addon: Addon, options: LiveOptions) {
    this.#addon = addon
    this.#options = options
    this.#stream = options.stream ?? false
    this.#warn = options.warn ?? (() => {})
    this.#sidecar = openSidecar(addon, options.socketPath, this.#warn)
    this.state = new SyscallState({ names: this.#names, ...options, sinceBoot: true })
    this.state.tables.containers.byOwner = true
    this.#reconciler = new Reconciler(this.state.tables, options)
    this.#delivery = new Delivery(this.state, numbers(options.wanted))
    this.#wants = wantedCalls(options.wanted ?? 'all', options)
    this.#dropFailed = options.dropFailed ?? false
    for (const name of unknownCalls(options.custom ?? []))
      options.warn?.(`base_syscalls.custom_set: there is no system call ${name.replace(/^!/, '')}`)
  }

  /** Overwritten by the next call of `next` or `fill`; another object after the sidecar has been started again. */
  get event(): SyscallEvent {
    return this.#rings!.event
  }

  get counts(): LiveCounts {
    const counts = {
      malformed: this.#malformed + (this.#rings?.malformed ?? 0),
      restarts: this.#restartCount,
      repairs: this.#reconciler.repairs,
      purged: this.#reconciler.purged,
    } as LiveCounts
    for (const name of COUNTERS) counts[name] = this.#earlier[name] + (this.#session?.counters[name] ?? 0)
    return counts
  }

  /** Time of the first event, ns since 1970; undefined before it. */
  get firstTime(): bigint | undefined {
    return this.#delivery.firstTime
  }

  /** Time of the last event of any kind, ns since 1970; 0n before the first. */
  get lastTime(): bigint {
    const event = this.#rings?.event
    return event === undefined || event.end === 0 ? this.#lastBefore : event.time
  }

  get users(): UserTable {
    return this.state.tables.users
  }

  get interfaces(): InterfaceTable {
    return this.state.tables.interfaces
  }

  /** Process id of the sidecar that holds the programs; undefined for a service. */
  get sidecarPid(): number | undefined {
    return this.#sidecar.pid
  }

  /** Called once by openLive. @throws {LiveError} */
  async start(problem?: string): Promise<void> {
    const options = this.#options
    const fd = await this.#sidecar.connect(problem)
    this.state.onSection()
    const session = new SidecarSession(this.#addon, fd, this.state, {
      snaplen: options.snaplen ?? 80,
      ringBytes: options.ringBytes ?? DEFAULT_RING_BYTES,
      cpusPerRing: options.cpusPerRing ?? 1,
      stream: this.#stream,
      wants: this.#wants,
      warn: this.#warn,
      names: payload => this.#names.answer(payload),
    })
    this.#session = session
    this.#names.connect(request => session.askNames(request))
    const rings = await session.greet()
    // What was refused once is not tried again: it was said, and would be said again.
    this.#stream = session.streaming
    this.#malformed += this.#rings?.malformed ?? 0
    rings.event.num = this.#rings?.event.num ?? 0
    this.#lastBefore = this.lastTime
    this.#rings = rings
    this.state.onTablesEnd()
    rings.event.tables = this
  }

  /** Goes to the next event that rules see. False = there is none for now: `fill`. */
  next(): boolean {
    const rings = this.#rings!
    const delivery = this.#delivery
    const event = rings.event
    while (rings.next()) if (delivery.take(event) && !(this.#dropFailed && failed(event) === true)) return true
    return false
  }

  /** Waits until there may be more. False = closed. @throws {LiveError} when the sidecar has gone and does not come back */
  async fill(): Promise<boolean> {
    if (this.#stopped) return false
    this.state.tables.lookForNames()
    const share = this.#rings!.look()
    if (share < BUSY_SHARE) await new Promise(resolve => setTimeout(resolve, this.#turn(share)))
    if (this.#failure !== undefined) throw this.#failure
    if (this.#restarting !== undefined) return !this.#stopped
    const session = this.#session!
    const now = performance.now()
    if (now - this.#polled > CONTROL_TURN || session.streaming) {
      this.#polled = now
      session.poll()
      if (!session.closed && share < BUSY_SHARE) this.#reconciler.look(session, now)
    }
    if (session.closed && !this.#stopped && ++this.#lastLooks > LAST_LOOKS) {
      this.#lastLooks = 0
      this.#restarting = this.#restart(session)
    }
    return !this.#stopped
  }

  /** Changes what is wanted, after rules were loaded anew. */
  want(wanted: Uint8Array | 'all'): void {
    this.#delivery.want(numbers(wanted))
    this.#wants = wantedCalls(wanted, this.#options)
    this.#session?.want(this.#wants)
  }

  /** Sets a function that sees every event, those that are not delivered as well; null = none. */
  tap(tap: EventTap | null): void {
    this.#delivery.tap = tap
  }

  /** Ends it. The promise is kept when the sidecar has gone, and its programs with it. */
  async close(): Promise<void> {
    this.#stopped = true
    this.#session?.close()
    await this.#sidecar.close()
  }

  /** Milliseconds in which no ring can fill up, at most a turn. */
  #turn(share: number): number {
    const room = ((1 - share) * (this.#options.ringBytes ?? DEFAULT_RING_BYTES)) / BYTES_PER_MS
    return Math.min(room, this.#session?.streaming === true || this.state.tables.looksForNames ? SHORT_TURN : TURN)
  }

  /** Goes on with another sidecar; until it is there, there are no events. What fails is thrown by `fill`. */
  async #restart(ended: SidecarSession): Promise<void> {
    try {
      for (let last = ended; last.closed && !this.#stopped; last = this.#session!) {
        for (const name of COUNTERS) this.#earlier[name] += last.counters[name]
        this.#session = undefined
        this.#reconciler.startAnew()
        this.#restartCount++
        await this.start(last.problem).catch(error => this.#unless(error))
      }
    } catch (error) {
      this.#failure = error
    } finally {
      this.#restarting = undefined
    }
  }

  /** A sidecar that ended before it was ready is one more that ended. @throws what else went wrong */
  #unless(error: unknown): void {
    if (!(error instanceof LiveError && error.code === 'sidecar' && this.#session?.closed === true)) throw error
  }
}

function numbers(flags: Uint8Array | 'all' | undefined): number[] | undefined {
  if (flags === undefined || flags === 'all') return undefined
  return [...flags.keys()].filter(type => flags[type] === 1)
}
