import { hostname } from 'node:os'
import type { FieldUse, Unmatched } from '@falc/engine'
import { Delivery, type EventTap } from '../delivery.ts'
import type { SyscallEvent } from '../event.ts'
import { failed } from '../fields/results.ts'
import type { EventTables } from '../model/event-tables.ts'
import type { InterfaceTable } from '../model/interfaces.ts'
import type { UserTable } from '../model/users.ts'
import { SyscallState } from '../state/state.ts'
import { type Asked, type LeftOut, leftOutBy, numbers, unknownCalls, wantedCalls } from './calls.ts'
import { LiveError } from './live-error.ts'
import type { LiveCounts, LiveOptions } from './live-options.ts'
import { LiveNames } from './machine-names.ts'
import { type Addon, loadAddon } from './native.ts'
import { Reconciler } from './reconciler.ts'
import type { Rings } from './rings.ts'
import { SidecarSession } from './session.ts'
import { openSidecar, type Sidecar } from './sidecar.ts'
import { COUNTERS, type Counter } from './wire.ts'

/**
 * Milliseconds of sleep between polls of the rings. A longer sleep spreads the cost of waking up with cold caches over more
 * events. Alerts are delayed by up to two turns; Falco's reader sleeps as long.
 */
const TURN = 30
/** Used while records come over the socket, or while a process in a new container may exit before it has been examined. */
const SHORT_TURN = 10
/** Upper bound of what one CPU writes: 2.5 million events of 100 bytes a second. */
const BYTES_PER_MS = 256 << 10
/** Falco's buffer size preset 4. */
const DEFAULT_RING_BYTES = 8 << 20
/** Milliseconds between polls of the sidecar's messages. */
const CONTROL_TURN = 100
/** If a ring is at least this full, reading continues without sleeping. */
const BUSY_SHARE = 1 / 16
/** Milliseconds of reading after which timers, outputs and the sidecar's messages get a turn, whatever the rings hold. */
const LONGEST_STRETCH = 20
/** Events between readings of the clock, less one. */
const CLOCK_MASK = 255
/** Number of times the rings are polled after the sidecar has exited, to deliver all that they hold. */
const LAST_LOOKS = 3

/**
 * Captures events from the running machine and maintains the state that fields read. Same loop as a Replay:
 *
 *   const live = await openLive(options)
 *   do { while (live.next()) for (const alert of engine.evaluate(source, live.event)) … } while (await live.fill())
 *
 * @throws {LiveError} if this machine does not support live capture or a native part is missing
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
  /** Time of the last event from earlier sidecars. */
  #lastBefore = 0n
  #session: SidecarSession | undefined
  #rings: Rings | undefined
  #asked: Asked
  /** Of this sidecar's kernel. It keeps recording what it has once recorded, since closes of known files could be missed otherwise. */
  #leftOut: LeftOut | undefined
  #malformed = 0
  #restartCount = 0
  #polled = 0
  #passed = 0
  #yielded = 0
  /** The last turn ended early: more events wait. */
  #paused = false
  readonly #reconciler: Reconciler
  #stopped = false

  constructor(addon: Addon, options: LiveOptions) {
    this.#addon = addon
    this.#options = options
    this.#stream = options.stream ?? false
    this.#warn = options.warn ?? (() => {})
    this.#sidecar = openSidecar(addon, options.socketPath, this.#warn)
    this.state = new SyscallState({ names: this.#names, ...options, sinceBoot: true })
    this.state.tables.containers.byOwner = this.state.tables.unknownCopiesEnd = true
    this.#reconciler = new Reconciler(this.state.tables, options)
    this.#delivery = new Delivery(this.state, numbers(options.wanted))
    const { wanted = 'all', unmatched, fields, dropFailed = false, custom = [] } = options
    this.#asked = { wanted, unmatched, fields: fields && [...fields] }
    this.#dropFailed = dropFailed
    for (const name of unknownCalls(custom))
      this.#warn(`base_syscalls.custom_set: there is no system call ${name.replace(/^!/, '')}`)
  }

  /** Overwritten by the next call of `next` or `fill`. A different object after the sidecar has been restarted. */
  get event(): SyscallEvent {
    return this.#rings!.event
  }

  get counts(): LiveCounts {
    const counts = {
      malformed: this.#malformed + (this.#rings?.malformed ?? 0),
      restarts: this.#restartCount,
      ...this.#reconciler.counts,
    } as LiveCounts
    for (const name of COUNTERS) counts[name] = this.#earlier[name] + (this.#session?.counters[name] ?? 0)
    return counts
  }

  /** Time of the first event, ns since 1970; undefined before the first. */
  get firstTime(): bigint | undefined {
    return this.#delivery.firstTime
  }

  /** Id of the process whose events were dropped last because it filled a ring (`dropFlood`); 0 = none. */
  get flooder(): number {
    return this.#session?.flooder ?? 0
  }

  /** Time of the first loss after seconds without any, ns since 1970; 0n = nothing was lost. */
  get lossBegan(): bigint {
    return this.#session?.lossBegan ?? 0n
  }

  /** Whether the kernel says what calls act on that return no file: see docs/threat-model.md. Known once counts have come. */
  get hooked(): boolean {
    return this.#session?.hooked ?? false
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
    this.#leftOut = leftOutBy(this.#asked, options)
    this.state.tables.leaveOut(this.#leftOut)
    const session = new SidecarSession(this.#addon, fd, this.state, {
      snaplen: options.snaplen ?? 80,
      ringBytes: options.ringBytes ?? DEFAULT_RING_BYTES,
      cpusPerRing: options.cpusPerRing ?? 1,
      stream: this.#stream,
      wanted: wantedCalls(this.#asked, options, this.#leftOut),
      warn: this.#warn,
      onCounts: options.onCounts,
      names: payload => this.#names.answer(payload),
    })
    this.#session = session
    this.#names.connect(request => session.askNames(request))
    const rings = await session.greet()
    // If mapping was refused once, do not try it again: the warning would be repeated.
    this.#stream = session.streaming
    this.#malformed += this.#rings?.malformed ?? 0
    rings.event.num = this.#rings?.event.num ?? 0
    this.#lastBefore = this.lastTime
    this.#rings = rings
    this.state.onTablesEnd()
    rings.event.tables = this
  }

  /** Advances to the next event for the rules. False = call `fill`: no event is available, or others are to have a turn. */
  next(): boolean {
    const rings = this.#rings!
    const delivery = this.#delivery
    const event = rings.event
    for (;;) {
      if ((++this.#passed & CLOCK_MASK) === 0 && this.#isStretched()) {
        rings.pause()
        this.#paused = true
        return false
      }
      if (!rings.next()) return false
      if (delivery.take(event) && !(this.#dropFailed && failed(event) === true)) return true
    }
  }

  /** Waits until there may be more events. False = closed. @throws {LiveError} if the sidecar is gone and can't be restarted */
  async fill(): Promise<boolean> {
    if (this.#stopped) return false
    this.state.tables.lookForNames()
    const share = this.#rings!.look()
    const waits = this.#paused
    this.#paused = false
    if (share < BUSY_SHARE && !waits) await new Promise(resolve => setTimeout(resolve, this.#turn(share)))
    else if (performance.now() - this.#yielded > LONGEST_STRETCH) await new Promise(resolve => setImmediate(resolve))
    else return this.#look(share, waits)
    this.#yielded = performance.now()
    this.#passed = 0
    return this.#look(share, waits)
  }

  /** Whether others are to have a turn. A stretch begins when events are read: the caller may have waited after `fill`. */
  #isStretched(): boolean {
    const now = performance.now()
    if (this.#passed === CLOCK_MASK + 1) this.#yielded = now
    return now - this.#yielded > LONGEST_STRETCH
  }

  /** Looks at the sidecar. @param waits the rings were not read to their end */
  #look(share: number, waits: boolean): boolean {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#restarting !== undefined) return !this.#stopped
    const session = this.#session!
    const now = performance.now()
    if (now - this.#polled > CONTROL_TURN || session.streaming) {
      this.#polled = now
      session.poll()
      if (!session.closed && share < BUSY_SHARE) this.#reconciler.look(session, now)
    }
    if (session.closed && !this.#stopped && !waits && ++this.#lastLooks > LAST_LOOKS) {
      this.#lastLooks = 0
      this.#restarting = this.#restart(session)
    }
    return !this.#stopped
  }

  /** Changes the wanted event types, what the kernel leaves out, and the fields that are read, after the rules were reloaded. */
  want(wanted: Uint8Array | 'all', unmatched?: Unmatched, fields?: Iterable<FieldUse>): void {
    this.#delivery.want(numbers(wanted))
    this.#asked = { wanted, unmatched, fields: fields && [...fields] }
    this.#leftOut = leftOutBy(this.#asked, this.#options, this.#leftOut)
    this.#session?.want(wantedCalls(this.#asked, this.#options, this.#leftOut))
    if (this.state.tables.leaveOut(this.#leftOut)) this.#reconciler.readUnknown()
  }

  /** Sets a function that sees every event, including those that are not delivered; null removes it. */
  tap(tap: EventTap | null): void {
    this.#delivery.tap = tap
  }

  /** Stops capturing. Resolves once the sidecar has exited and its programs are detached. */
  async close(): Promise<void> {
    this.#stopped = true
    this.#session?.close()
    await this.#sidecar.close()
  }

  /** Milliseconds for which no ring can fill up, capped at one turn. */
  #turn(share: number): number {
    const room = ((1 - share) * (this.#options.ringBytes ?? DEFAULT_RING_BYTES)) / BYTES_PER_MS
    return Math.min(room, this.#session?.streaming === true || this.state.tables.looksForNames ? SHORT_TURN : TURN)
  }

  /** Switches to a new sidecar; there are no events until it is ready. `fill` throws any error. */
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

  /** A sidecar that exits before it is ready counts as another exit. @throws any other error */
  #unless(error: unknown): void {
    if (!(error instanceof LiveError && error.code === 'sidecar' && this.#session?.closed === true)) throw error
  }
}
