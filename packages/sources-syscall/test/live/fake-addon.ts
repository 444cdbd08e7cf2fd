/** A connection to a sidecar that says what a test wants. */
import type { Addon } from '../../src/live/native.ts'
import type { RingMemory } from '../../src/live/ring.ts'
import { FRAME_HEADER, Frame, Hello, Rings, WIRE_MAGIC, WIRE_VERSION } from '../../src/live/wire.ts'
import { FakeRing } from './fake-ring.ts'
import { frame } from './peer.ts'

/** What the one ring's descriptor is called. */
const RING_FD = 1000

export class FakeAddon implements Addon {
  /** Frames that the engine is about to receive, one at a time. */
  readonly says: Uint8Array[] = []
  /** The sidecar has hung up: after what it says, the connection ends. */
  gone = false
  /** The sidecar does not read. */
  deaf = false
  /** What the engine has sent. */
  readonly heard: { readonly kind: number; readonly payload: Uint8Array }[] = []
  /** Descriptors that the engine has closed. */
  readonly closed: number[] = []
  /** Number of connections so far. */
  connections = 0
  private readonly ring: RingMemory

  constructor(ring: RingMemory = new FakeRing(4096)) {
    this.ring = ring
  }

  connect(): number {
    return ++this.connections
  }

  receive(_fd: number, bytes: Uint8Array): { length: number; fds: number[] } {
    const next = this.says.shift()
    if (next === undefined) return { length: this.gone ? 0 : -1, fds: [] }
    bytes.set(next)
    return { length: next.length, fds: next[0] === Frame.rings ? [RING_FD] : [] }
  }

  send(_fd: number, bytes: Uint8Array): number {
    if (this.deaf) return -1
    this.heard.push({ kind: bytes[0]!, payload: bytes.slice(FRAME_HEADER) })
    return bytes.length
  }

  map(): RingMemory {
    return this.ring
  }

  close(fd: number): void {
    this.closed.push(fd)
  }

  socketpair(): [number, number] {
    throw new Error('no sidecar is started')
  }
}

export function hello(): Uint8Array {
  const payload = Buffer.alloc(Hello.size)
  payload.writeUInt32LE(WIRE_MAGIC, Hello.magic)
  payload.writeUInt32LE(WIRE_VERSION, Hello.version)
  return frame(Frame.hello, payload)
}

/** All that a sidecar says until events flow, of a machine without processes. */
export function greeting(ringBytes: number): Uint8Array[] {
  const rings = Buffer.alloc(Rings.size)
  rings.writeUInt32LE(1, Rings.count)
  rings.writeUInt32LE(ringBytes, Rings.ringBytes)
  return [hello(), frame(Frame.rings, rings), frame(Frame.ready, new Uint8Array(0))]
}
