/** The engine's end of a control connection, spoken by hand. */
import type { Addon } from '../../src/live/native.ts'
import { Configure, FRAME_HEADER, Frame, WIRE_VERSION } from '../../src/live/wire.ts'
import { until } from './machine.ts'

export class Peer {
  readonly kinds: number[] = []
  problem = ''
  /** Descriptors that came with frames, if they are kept. */
  readonly fds: number[] = []
  keepsFds = false
  /** Payload of the last frame of each kind. */
  readonly payloads = new Map<number, Buffer>()
  /** The sidecar has hung up. */
  gone = false
  private readonly addon: Addon
  private readonly fd: number
  private open = true
  private bytes = Buffer.alloc(0)

  constructor(addon: Addon, fd: number) {
    this.addon = addon
    this.fd = fd
  }

  send(bytes: Uint8Array): void {
    try {
      this.addon.send(this.fd, bytes)
    } catch {
      // It has hung up already.
    }
  }

  /** Reads all that has arrived. */
  listen(): void {
    const room = new Uint8Array(1 << 16)
    while (this.open && !this.gone) {
      let length = 0
      try {
        const got = this.addon.receive(this.fd, room)
        length = got.length
        if (this.keepsFds) this.fds.push(...got.fds)
        else for (const fd of got.fds) this.addon.close(fd)
      } catch {
        // Reset: the sidecar closed before it had read everything.
      }
      if (length < 0) break
      if (length === 0) this.gone = true
      this.bytes = Buffer.concat([this.bytes, room.subarray(0, length)])
    }
    while (this.bytes.length >= FRAME_HEADER && this.bytes.length >= FRAME_HEADER + this.bytes.readUInt32LE(4)) {
      const end = FRAME_HEADER + this.bytes.readUInt32LE(4)
      this.kinds.push(this.bytes.readUInt32LE(0))
      this.payloads.set(this.bytes.readUInt32LE(0), Buffer.from(this.bytes.subarray(FRAME_HEADER, end)))
      if (this.kinds.at(-1) === Frame.problem) this.problem = this.bytes.toString('utf8', FRAME_HEADER, end)
      this.bytes = this.bytes.subarray(end)
    }
  }

  /** Waits until a frame of this kind has arrived. */
  async hears(kind: number, ms?: number): Promise<void> {
    const heard = () => {
      this.listen()
      return this.kinds.includes(kind)
    }
    await until(`frame of kind ${kind}`, heard, ms)
  }

  /** Waits until the sidecar hangs up. */
  async left(ms?: number): Promise<void> {
    const left = () => {
      this.listen()
      return this.gone
    }
    await until('end of the connection', left, ms)
  }

  close(): void {
    this.listen()
    if (this.open) for (const fd of [this.fd, ...this.fds.splice(0)]) this.addon.close(fd)
    this.open = false
  }
}

export function frame(kind: number, payload: Uint8Array, length = payload.length): Uint8Array {
  const bytes = Buffer.alloc(FRAME_HEADER + payload.length)
  bytes.writeUInt32LE(kind, 0)
  bytes.writeUInt32LE(length, 4)
  bytes.set(payload, FRAME_HEADER)
  return bytes
}

/** A CONFIGURE payload that is valid except for these values. */
export function configure(values: Partial<Record<keyof typeof Configure, number>> = {}): Uint8Array {
  const payload = Buffer.alloc(Configure.size)
  const all = { version: WIRE_VERSION, snaplen: 80, ringBytes: 1 << 16, cpusPerRing: 1, ...values }
  for (const [name, value] of Object.entries(all))
    payload.writeUInt32LE(value >>> 0, Configure[name as keyof typeof Configure])
  return payload
}
