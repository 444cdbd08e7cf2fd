/** The engine's side of the conversation with a sidecar. */
import { expect, test, vi } from 'vitest'
import { Live } from '../../src/live/open-live.ts'
import { SidecarSession } from '../../src/live/session.ts'
import { Configure, Frame, Wanted } from '../../src/live/wire.ts'
import { FakeAddon, greeting, hello } from './fake-addon.ts'
import { FakeRing } from './fake-ring.ts'

function sessionWith(addon: FakeAddon): SidecarSession {
  const options = { snaplen: 80, ringBytes: 4096, cpusPerRing: 1, stream: false, warn: () => {}, names: () => {} }
  return new SidecarSession(addon, addon.connect(), {}, { ...options, wanted: new Uint8Array(Wanted.size) })
}

test('rules that are loaded before a sidecar has said hello come with its configuration, and not before', () => {
  const addon = new FakeAddon()
  const session = sessionWith(addon)
  const wanted = new Uint8Array(Wanted.size).fill(1)
  session.want(wanted)
  expect(addon.heard).toEqual([])
  addon.says.push(hello())
  session.poll()
  session.want(wanted)
  expect(addon.heard.map(({ kind }) => kind)).toEqual([Frame.configure, Frame.syscalls])
  expect(addon.heard[0]!.payload.slice(Configure.wanted)).toEqual(wanted)
})

test('the connection to a sidecar that does not read is closed all the same', () => {
  const addon = new FakeAddon()
  const session = sessionWith(addon)
  addon.deaf = true
  session.close()
  expect(session.closed).toBe(true)
  expect(addon.closed).toEqual([1])
})

test('another sidecar is used once all events of the last one were read, however busy the engine is', async () => {
  const ring = new FakeRing(1 << 21)
  const addon = new FakeAddon(ring)
  addon.says.push(...greeting(1 << 21))
  const live = new Live(addon, { socketPath: '/sidecar' })
  await live.start()
  let events = 0
  live.tap(() => void events++)
  for (let i = 0; i < 40_000; i++) ring.write(i, 1, 0)
  addon.gone = true
  // Time passes so fast that each turn ends early.
  let now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 50))
  try {
    do while (live.next());
    while (addon.connections === 1 && (await live.fill()))
  } finally {
    clock.mockRestore()
  }
  expect(events).toBe(40_000)
  await live.close()
})
