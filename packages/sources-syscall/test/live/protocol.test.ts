/** Whatever an engine says, the sidecar neither crashes nor does more than record and stop. */
import { type ChildProcess, spawn } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Addon, loadAddon } from '../../src/live/native.ts'
import { Configure, FRAME_HEADER, Frame, WIRE_VERSION } from '../../src/live/wire.ts'
import { missing, PROBE, programsOf, sleep, until, untilUnloaded } from './machine.ts'

const reason = missing()

/** A sidecar, and our end of its socket. */
class Peer {
  readonly child: ChildProcess
  private readonly addon: Addon
  private readonly fd: number
  readonly kinds: number[] = []
  problem = ''
  private bytes = Buffer.alloc(0)

  constructor(addon: Addon) {
    this.addon = addon
    const [ours, theirs] = addon.socketpair()
    this.fd = ours
    this.child = spawn(PROBE, ['--fd', '3'], { stdio: ['ignore', 'ignore', 'ignore', theirs] })
    addon.close(theirs)
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  send(bytes: Uint8Array): void {
    try {
      this.addon.send(this.fd, bytes)
    } catch {
      // It has hung up already.
    }
  }

  /** Takes what it says. */
  listen(): void {
    const room = new Uint8Array(1 << 16)
    for (;;) {
      let length: number
      try {
        const got = this.addon.receive(this.fd, room)
        length = got.length
        for (const fd of got.fds) this.addon.close(fd)
      } catch {
        return
      }
      if (length <= 0) break
      this.bytes = Buffer.concat([this.bytes, room.subarray(0, length)])
    }
    while (this.bytes.length >= FRAME_HEADER && this.bytes.length >= FRAME_HEADER + this.bytes.readUInt32LE(4)) {
      const end = FRAME_HEADER + this.bytes.readUInt32LE(4)
      this.kinds.push(this.bytes.readUInt32LE(0))
      if (this.kinds.at(-1) === Frame.problem) this.problem = this.bytes.toString('utf8', FRAME_HEADER, end)
      this.bytes = this.bytes.subarray(end)
    }
  }

  async finish(): Promise<void> {
    this.listen()
    this.addon.close(this.fd)
    await until('end of the sidecar', () => this.ended)
    expect(this.child.signalCode, 'killed by').toBe(null)
  }
}

function frame(kind: number, payload: Uint8Array, length = payload.length): Uint8Array {
  const bytes = Buffer.alloc(FRAME_HEADER + payload.length)
  bytes.writeUInt32LE(kind, 0)
  bytes.writeUInt32LE(length, 4)
  bytes.set(payload, FRAME_HEADER)
  return bytes
}

function configure(values: Partial<Record<keyof typeof Configure, number>> = {}): Uint8Array {
  const payload = Buffer.alloc(Configure.size)
  const all = { version: WIRE_VERSION, snaplen: 80, ringBytes: 1 << 16, cpusPerRing: 1, ...values }
  for (const [name, value] of Object.entries(all))
    payload.writeUInt32LE(value >>> 0, Configure[name as keyof typeof Configure])
  return payload
}

describe.skipIf(reason !== undefined)('protocol', { timeout: 120_000 }, () => {
  test('a first frame of any kind but a sound CONFIGURE ends it, before anything is loaded', async () => {
    const addon = loadAddon()
    const numbers = fc.oneof(fc.constantFrom(0, 1, 4095, 4097, 0x7fffffff, 0xffffffff), fc.nat())
    const unsound = fc
      .record({ version: numbers, snaplen: numbers, ringBytes: numbers, cpusPerRing: numbers })
      .filter(({ version, ringBytes }) => version !== WIRE_VERSION || ringBytes < 4096 || ringBytes > 1 << 30)
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.tuple(fc.nat(12), fc.uint8Array({ maxLength: 600 })).map(([kind, payload]) => frame(kind, payload)),
      fc.tuple(numbers, numbers).map(([kind, length]) => frame(kind, new Uint8Array(0), length >>> 0)),
      unsound.map(values => frame(Frame.configure, configure(values))),
    )
    await fc.assert(
      fc.asyncProperty(message, async bytes => {
        const peer = new Peer(addon)
        peer.send(bytes)
        await sleep(15)
        await peer.finish()
        expect(peer.kinds).not.toContain(Frame.rings)
      }),
      { numRuns: 60 },
    )
  })

  test('what is not understood later ends it, with a reason, and its programs', async () => {
    const addon = loadAddon()
    const later = [
      frame(Frame.configure, configure()),
      frame(Frame.rings, new Uint8Array(8)),
      frame(Frame.syscalls, new Uint8Array(511)),
      frame(99, new Uint8Array(0)),
      frame(Frame.stop, new Uint8Array(4)),
      frame(Frame.syscalls, new Uint8Array(0), 0xffffffff),
    ]
    for (const bytes of later) {
      const peer = new Peer(addon)
      peer.send(frame(Frame.configure, configure()))
      await until('ready', () => {
        peer.listen()
        return peer.kinds.includes(Frame.ready)
      })
      const programs = programsOf(peer.child.pid!)
      expect(programs.length).toBeGreaterThan(100)
      peer.send(frame(Frame.syscalls, new Uint8Array(512).fill(255)))
      peer.send(frame(Frame.syscalls, new Uint8Array(512)))
      peer.send(bytes)
      await until('end', () => {
        peer.listen()
        return peer.ended
      })
      await peer.finish()
      await untilUnloaded(programs)
    }
  })

  test('another version is refused in words', async () => {
    const peer = new Peer(loadAddon())
    peer.send(frame(Frame.configure, configure({ version: WIRE_VERSION + 1 })))
    await until('problem', () => {
      peer.listen()
      return peer.problem !== ''
    })
    expect(peer.problem).toContain('version')
    await peer.finish()
  })
})
