/** One conversation with the sidecar, from its greeting to its end. */
import { CaptureReader } from '../capture/reader.ts'
import type { CaptureVisitor } from '../capture/visitor.ts'
import { CaptureWriter } from '../capture/writer.ts'
import { Control } from './control.ts'
import { LiveError } from './live-error.ts'
import type { Addon } from './native.ts'
import type { RingMemory } from './ring.ts'
import { Rings } from './rings.ts'
import { StreamedRing } from './streamed-ring.ts'
import {
  COUNTERS,
  Configure,
  type Counter,
  Frame,
  Hello,
  Rings as RingsFrame,
  Stats,
  Wait,
  WIRE_MAGIC,
  WIRE_VERSION,
} from './wire.ts'

export interface SessionOptions {
  /** Bytes captured of data read and written; Falco's snaplen. */
  readonly snaplen: number
  /** Size of each ring, a power of two. */
  readonly ringBytes: number
  readonly cpusPerRing: number
  /** Receive records over the socket, not through shared memory. The automatic fallback if mapping is refused. */
  readonly stream: boolean
  /** Called with warnings. */
  readonly warn: (text: string) => void
  /** See calls.ts. */
  wanted: Uint8Array
  /** Called when `counters` have changed. */
  readonly onCounts?: (() => void) | undefined
  /** Handles the payload of a NAMES frame. */
  readonly names: (payload: DataView) => void
}

/** Milliseconds between polls of the socket until the sidecar has loaded the programs, and then until it is ready. */
const LOADING_TURN = 10
const GREETING_TURN = 2
/** Timeout in milliseconds for loading the programs and reading /proc. */
const GREETING_LIMIT = 60_000

export class SidecarSession {
  /** The probe's counters in this session. */
  readonly counters: Record<Counter, number> = Object.fromEntries(COUNTERS.map(name => [name, 0])) as never
  /** The process whose events were dropped last because it filled a ring; 0 = none. */
  flooder = 0
  /** Time of the first loss after seconds without any, ns since 1970; 0n = nothing was lost. */
  lossBegan = 0n
  /** The kernel says what calls that return no file act on. */
  hooked = false
  /** The sidecar's error message, if it gave up. */
  problem: string | undefined
  bootTime = 0n
  readonly #control: Control
  readonly #addon: Addon
  readonly #options: SessionOptions
  #reader: CaptureReader
  #repaired: (() => void) | undefined
  #rings_: Rings | undefined
  /** The sidecar knows what is wanted. It accepts nothing before. */
  #configured = false
  #ready = false
  #streamed: readonly StreamedRing[] = []
  /** Description of what the sidecar is waiting for. */
  #waits: string | undefined

  /** @param fd a control connection, owned by the session from now on; `greet` then starts the sidecar's work */
  constructor(addon: Addon, fd: number, visitor: CaptureVisitor, options: SessionOptions) {
    this.#addon = addon
    this.#control = new Control(addon, fd)
    this.#options = options
    this.#reader = pictureReader(visitor)
  }

  /** The sidecar is gone or was stopped. */
  get closed(): boolean {
    return this.#control.closed
  }

  /** Waits until events flow and the visitor has received the first snapshot of the machine. @throws {LiveError} */
  async greet(): Promise<Rings> {
    const limit = performance.now() + GREETING_LIMIT
    while (!this.#ready) {
      this.poll()
      if (this.#ready) break
      if (this.closed) throw new LiveError('sidecar', this.problem ?? 'the sidecar ended before it was ready')
      if (performance.now() > limit) {
        this.close()
        const why = this.#waits === undefined ? '' : `: ${this.#waits}`
        throw new LiveError('sidecar', `the sidecar was not ready within ${GREETING_LIMIT / 1000} s${why}`)
      }
      await new Promise(resolve => setTimeout(resolve, this.#rings_ === undefined ? LOADING_TURN : GREETING_TURN))
    }
    return this.#rings_!
  }

  /** Handles the frames that the sidecar has sent. @throws {LiveError} `protocol` */
  poll(): void {
    try {
      this.#control.poll(
        (kind, payload) => this.#take(kind, payload),
        () => this.#streamed.every(ring => ring.free >= STREAM_ROOM),
      )
    } catch (error) {
      this.close()
      throw error
    }
  }

  /**
   * Requests a new snapshot of the machine; calls `done` once the visitor has received all of it.
   * @param pids only their descriptors: 1 to MAX_PICTURED processes
   */
  picture(visitor: CaptureVisitor, done: () => void, pids: readonly number[] = []): void {
    this.#reader = pictureReader(visitor)
    this.#repaired = done
    this.#control.send(Frame.picture, new Uint8Array(Uint32Array.from(pids).buffer))
  }

  /** Changes which system calls are recorded. */
  want(wanted: Uint8Array): void {
    this.#options.wanted = wanted
    if (this.#configured) this.#control.send(Frame.syscalls, wanted)
  }

  /** Requests the users and groups of a process. */
  askNames(request: Uint8Array): void {
    this.#control.send(Frame.names, request)
  }

  /** Stops the sidecar and closes the connection. */
  close(): void {
    try {
      this.#control.send(Frame.stop)
    } catch {
      // It does not read. The end of the connection tells it the same.
    }
    this.#control.close()
  }

  #take(kind: number, payload: DataView): void {
    switch (kind) {
      case Frame.hello:
        this.#hello(payload)
        break
      case Frame.rings:
        this.#map(payload)
        break
      case Frame.blocks:
        this.#reader.push(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength))
        this.#reader.next()
        break
      case Frame.ready:
        this.#reader.end()
        this.#repaired?.()
        this.#repaired = undefined
        if (this.#rings_ === undefined) throw new LiveError('protocol', 'the sidecar gave no rings')
        this.#ready = true
        break
      case Frame.events:
        this.#streamed[0]?.push(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength))
        break
      case Frame.stats:
        for (const [i, name] of COUNTERS.entries()) this.counters[name] = Number(payload.getBigUint64(i * 8, true))
        this.flooder = payload.getUint32(Stats.flooder, true)
        this.hooked = payload.getUint32(Stats.hooked, true) === 1
        this.lossBegan = payload.getBigUint64(Stats.lossBegan, true)
        this.#options.onCounts?.()
        break
      case Frame.names:
        this.#options.names(payload)
        break
      case Frame.wait:
        // Its own: a worker that was killed has not ended yet.
        if (payload.getUint32(Wait.pid, true) === process.pid) break
        this.#waits = `it serves process ${payload.getUint32(Wait.pid, true)} of user ${payload.getUint32(Wait.uid, true)}`
        this.#options.warn(`the sidecar is busy: ${this.#waits}; this engine waits until that one ends`)
        break
      case Frame.problem:
        this.problem = new TextDecoder().decode(payload)
        break
      default:
        throw new LiveError('protocol', `the sidecar sent a frame of kind ${kind}`)
    }
  }

  #hello(payload: DataView): void {
    if (payload.byteLength !== Hello.size || payload.getUint32(Hello.magic, true) !== WIRE_MAGIC)
      throw new LiveError('protocol', 'the answer is not that of falc-probe')
    const version = payload.getUint32(Hello.version, true)
    if (version !== WIRE_VERSION)
      throw new LiveError(
        'protocol',
        `falc-probe speaks version ${version} of the wire format, this program version ${WIRE_VERSION}: install the same version of both`,
      )
    this.bootTime = payload.getBigUint64(Hello.bootTime, true)
    const options = this.#options
    const configure = new Uint8Array(Configure.size)
    const view = new DataView(configure.buffer)
    view.setUint32(Configure.version, WIRE_VERSION, true)
    view.setUint32(Configure.snaplen, options.snaplen, true)
    view.setUint32(Configure.ringBytes, options.ringBytes, true)
    view.setUint32(Configure.cpusPerRing, options.cpusPerRing, true)
    view.setUint32(Configure.ownEvents, 0, true)
    view.setUint32(Configure.picture, 1, true)
    configure.set(options.wanted, Configure.wanted)
    this.#control.send(Frame.configure, configure)
    this.#configured = true
  }

  #map(payload: DataView): void {
    const count = payload.getUint32(RingsFrame.count, true)
    const ringBytes = payload.getUint32(RingsFrame.ringBytes, true)
    const fds = this.#control.fds.splice(0, count)
    if (fds.length !== count) throw new LiveError('protocol', `${count} rings were announced, ${fds.length} came`)
    const memories = this.#options.stream ? undefined : this.#mapAll(fds, ringBytes)
    for (const fd of fds) this.#addon.close(fd)
    if (memories === undefined) {
      // The sidecar has put the records of all rings in order.
      this.#streamed = [new StreamedRing(STREAM_RING)]
      this.#control.send(Frame.stream)
    }
    this.#rings_ = new Rings(memories ?? this.#streamed, BigInt(Date.now()) * 1_000_000n)
  }

  /** Returns undefined if mapping is refused. */
  #mapAll(fds: readonly number[], ringBytes: number): RingMemory[] | undefined {
    try {
      return fds.map(fd => this.#addon.map(fd, ringBytes))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (!REFUSALS.has(code)) throw error
      this.#options.warn(
        `shared memory with the kernel is refused (${message}): events come over the socket, which is slower`,
      )
      return undefined
    }
  }

  /** Records come over the socket, which must be polled often. */
  get streaming(): boolean {
    return this.#streamed.length > 0
  }
}

/** Errors from mmap for a lack of permission or memory; ENOTSUP: the runtime does not support external memory. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['EPERM', 'EACCES', 'ENOMEM', 'EAGAIN', 'ENOTSUP'])

/** Size in bytes of a ring filled over the socket, and how many must be free before the socket is read again. */
const STREAM_RING = 4 << 20
const STREAM_ROOM = 2 << 20

/** The sidecar sends the blocks of a capture without the section header that must come first. */
function pictureReader(visitor: CaptureVisitor): CaptureReader {
  const reader = new CaptureReader(visitor, true)
  new CaptureWriter(bytes => reader.push(bytes)).flush()
  return reader
}
