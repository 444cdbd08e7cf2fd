/** Whatever an engine sends, the sidecar does not crash, and does nothing but record and stop. */
import { type ChildProcess, spawn } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Addon, loadAddon } from '../../src/live/native.ts'
import { Frame, Wanted, WIRE_VERSION } from '../../src/live/wire.ts'
import { missing, PROBE, programsOf, sleep, until, untilUnloaded } from './machine.ts'
import { configure, frame, Peer } from './peer.ts'

const reason = missing()

/** A sidecar, and our end of its socket. */
class Started extends Peer {
  readonly child: ChildProcess

  constructor(addon: Addon) {
    const [ours, theirs] = addon.socketpair()
    super(addon, ours)
    this.child = spawn(PROBE, ['--fd', '3'], { stdio: ['ignore', 'ignore', 'ignore', theirs] })
    addon.close(theirs)
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  async finish(): Promise<void> {
    this.close()
    await until('end of the sidecar', () => this.ended)
    expect(this.child.signalCode, 'killed by').toBe(null)
  }
}

describe.skipIf(reason !== undefined)('protocol', () => {
  test('a first frame other than a valid CONFIGURE neither crashes the sidecar nor makes it open rings', async () => {
    const addon = loadAddon()
    const numbers = fc.oneof(fc.constantFrom(0, 1, 4095, 4097, 0x7fffffff, 0xffffffff), fc.nat())
    const unsound = fc
      .record({ version: numbers, snaplen: numbers, ringBytes: numbers, cpusPerRing: numbers })
      .filter(({ version, ringBytes }) => version !== WIRE_VERSION || ringBytes < 4096 || ringBytes > 1 << 30)
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.tuple(fc.nat(16), fc.uint8Array({ maxLength: 600 })).map(([kind, payload]) => frame(kind, payload)),
      fc.tuple(numbers, numbers).map(([kind, length]) => frame(kind, new Uint8Array(0), length >>> 0)),
      unsound.map(values => frame(Frame.configure, configure(values))),
    )
    await fc.assert(
      fc.asyncProperty(message, async bytes => {
        const peer = new Started(addon)
        peer.send(bytes)
        await sleep(15)
        await peer.finish()
        expect(peer.kinds).not.toContain(Frame.rings)
      }),
      { numRuns: 60 },
    )
  })

  test('an invalid later frame makes the sidecar exit and unloads its programs', async () => {
    const addon = loadAddon()
    const later = [
      frame(Frame.configure, configure()),
      frame(Frame.rings, new Uint8Array(8)),
      frame(Frame.syscalls, new Uint8Array(Wanted.size - 1)),
      frame(99, new Uint8Array(0)),
      frame(Frame.stop, new Uint8Array(4)),
      frame(Frame.syscalls, new Uint8Array(0), 0xffffffff),
    ]
    for (const bytes of later) {
      const peer = new Started(addon)
      peer.send(frame(Frame.configure, configure()))
      await peer.hears(Frame.ready)
      peer.send(frame(Frame.syscalls, new Uint8Array(Wanted.size).fill(255)))
      let programs: string[] = []
      await until('all programs', () => (programs = programsOf(peer.child.pid!)).length > 60)
      peer.send(frame(Frame.syscalls, new Uint8Array(Wanted.size)))
      peer.send(bytes)
      await peer.left()
      await peer.finish()
      await untilUnloaded(programs)
    }
  })

  test('another protocol version is refused with a reason', async () => {
    const peer = new Started(loadAddon())
    peer.send(frame(Frame.configure, configure({ version: WIRE_VERSION + 1 })))
    await peer.hears(Frame.problem)
    expect(peer.problem).toContain('version')
    await peer.finish()
  })
})
