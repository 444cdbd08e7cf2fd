/** What an unprivileged engine can do to the sidecar, and what other processes can make it believe. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { loadAddon } from '../../../src/live/native.ts'
import { openLive } from '../../../src/live/open-live.ts'
import { Configure, Frame, MAX_NATIVE_SYSCALLS, Rings, Want, Wanted } from '../../../src/live/wire.ts'
import { Engine, missing, until } from '../machine.ts'
import { configure, frame, Peer } from '../peer.ts'
import { Service } from '../service.ts'

const reason = missing()
const RING = 1 << 16
const WANTS = Configure.wanted + Wanted.wants

describe.skipIf(reason !== undefined)('a hostile engine', () => {
  const addon = reason === undefined ? loadAddon() : (undefined as never)
  const peers: Peer[] = []
  let service: Service
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.close()
    await service.stop()
  })

  function connect(): Peer {
    const peer = new Peer(addon, addon.connect(service.path))
    peer.keepsFds = true
    peers.push(peer)
    return peer
  }

  /** A configuration that wants every call. */
  function everything(): Uint8Array {
    const settings = configure({ ringBytes: RING })
    settings.fill(Want.event, WANTS, WANTS + MAX_NATIVE_SYSCALLS)
    return settings
  }

  async function isServed(peer = connect()): Promise<void> {
    peer.send(frame(Frame.configure, configure()))
    await peer.hears(Frame.ready)
  }

  test.each([
    ['ahead', 1n << 40n],
    ['to the middle of a record', 4n],
    ['by a page', 4096n],
    ['back', 0xffff_ffff_ffff_f000n],
  ])('that moves the position in a ring %s loses its session, and the next engine is served', async (_, by) => {
    service = await new Service().start()
    const peer = connect()
    peer.send(frame(Frame.configure, everything()))
    await peer.hears(Frame.ready)
    const rings = peer.payloads.get(Frame.rings)!
    expect(peer.fds).toHaveLength(rings.readUInt32LE(Rings.count))
    const positions = peer.fds.map(fd => new BigUint64Array(addon.map(fd, RING).consumer))
    peer.send(frame(Frame.stream, new Uint8Array(0)))
    await peer.hears(Frame.events)
    await until('end of the session', () => {
      for (const position of positions) position[0] = position[0]! + by
      spawnSync('true')
      peer.listen()
      return peer.gone
    })
    expect(peer.problem).toContain('position')
    await isServed()
  })

  test('that requests more memory than the rings may take is refused', async () => {
    service = await new Service().start()
    const peer = connect()
    peer.send(frame(Frame.configure, configure({ ringBytes: 1 << 30 })))
    await peer.hears(Frame.problem)
    expect(peer.problem).toContain('ring_bytes')
    await isServed()
  })

  test('that does not read its rings is disconnected, and the next engine is served', async () => {
    service = await new Service().start('--drain-timeout', '1')
    const peer = connect()
    peer.send(frame(Frame.configure, everything()))
    await peer.hears(Frame.ready)
    const next = connect()
    next.send(frame(Frame.configure, configure()))
    await peer.left()
    expect(peer.problem).toContain('did not read')
    await next.hears(Frame.ready)
  })
})

describe.skipIf(reason !== undefined)('a hostile process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-forge-'))
  const children: ChildProcess[] = []
  beforeAll(() => {
    execFileSync('cc', [join(import.meta.dirname, 'forge.c'), '-o', join(folder, 'forge')])
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function forge(through: readonly string[], ...args: string[]): Promise<string> {
    const [command, ...rest] = [...through, join(folder, 'forge'), ...args]
    const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    let said = ''
    child.stdout!.on('data', data => (said += data))
    await until('the socket', () => said.endsWith('\n'))
    return said.trim()
  }

  test.each(['the host’s', 'another'])(
    'cannot forge the name of another’s unix socket by a newline in its own socket’s name, in %s network namespace',
    async where => {
      let through: string[] = []
      if (where === 'another') {
        const holder = spawn('unshare', ['-n', 'sleep', '1000'])
        children.push(holder)
        const own = readlinkSync('/proc/self/ns/net')
        await until('the namespace', () => readlinkSync(`/proc/${holder.pid}/ns/net`) !== own)
        through = ['nsenter', '-t', String(holder.pid), '-n']
      }
      const victim = await forge(through)
      await forge(through, victim)
      const live = await openLive()
      try {
        const names = children.flatMap(child => {
          const thread = live.state.tables.threads.get(child.pid!)
          return thread === null ? [] : [...thread.fds].map(([, fd]) => fd.name)
        })
        expect(names.filter(name => name.includes('/run/trusted') && !name.includes('\n'))).toEqual([])
        expect(names.some(name => name.includes('\n'))).toBe(true)
      } finally {
        await live.close()
      }
    },
  )
})

describe.skipIf(reason !== undefined)('an engine in its own pid namespace', () => {
  test('sees the events of other processes, but not its own', async () => {
    const own = `/tmp/falc-live-own-${process.pid}`
    const engine = await Engine.start({ through: ['unshare', '--pid', '--fork', '--kill-child'] })
    try {
      await engine.ask(`touch ${own}`)
      await engine.sees('other')
      expect(engine.opened).not.toContain(own)
    } finally {
      await engine.stop()
      rmSync(own, { force: true })
    }
  })
})
