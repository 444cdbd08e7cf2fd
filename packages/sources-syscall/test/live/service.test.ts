/** A sidecar that runs as a service: which clients are served, which wait, which are disconnected. */

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DEADLINE_MS } from '../../../../scripts/testing/wait.ts'
import { loadAddon } from '../../src/live/native.ts'
import { Frame } from '../../src/live/wire.ts'
import { Engine, isAlive, missing, PROBE, programsOf, sleep, until, untilUnloaded } from './machine.ts'
import { configure, frame, Peer } from './peer.ts'
import { Service } from './service.ts'

const reason = missing()

describe.skipIf(reason !== undefined)('a service', () => {
  let service: Service
  const peers: Peer[] = []
  const engines: Engine[] = []
  beforeEach(async () => {
    service = await new Service().start()
  })
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.close()
    for (const engine of engines.splice(0)) await engine.stop()
    await service.stop()
  })

  function connect(): Peer {
    const addon = loadAddon()
    const peer = new Peer(addon, addon.connect(service.path))
    peers.push(peer)
    return peer
  }

  async function start(): Promise<Engine> {
    const engine = await Engine.start({ socketPath: service.path })
    engines.push(engine)
    return engine
  }

  test('an idle client delays no other client and is disconnected after ten seconds', async () => {
    const silent = connect()
    const half = connect()
    half.send(frame(Frame.configure, configure()).subarray(0, 100))
    const begin = performance.now()
    const order: string[] = []
    const left = silent.left().then(() => order.push('the silent one leaves'))
    const other = connect()
    other.send(frame(Frame.configure, configure()))
    await until('service', () => service.said.includes(`serves process ${process.pid} `))
    order.push('another is served')
    await other.hears(Frame.ready)
    await left
    await half.left()
    expect(silent.kinds).toEqual([Frame.hello])
    expect(order).toEqual(['another is served', 'the silent one leaves'])
    expect(performance.now() - begin).toBeGreaterThan(9000)
  })

  test('idle clients do not keep an engine from being served', async () => {
    const silent = Array.from({ length: 40 }, connect)
    const engine = await start()
    await engine.sees('one')
    // The oldest of them had to make room.
    await silent[0]!.left()
  })

  test('a second engine learns which process it waits for, and is served next', async () => {
    const first = await start()
    const programs = programsOf(service.worker!)
    const second = connect()
    second.send(frame(Frame.configure, configure()))
    await second.hears(Frame.wait)
    await sleep(300)
    expect(second.kinds).toEqual([Frame.hello, Frame.wait])
    const third = Engine.start({ socketPath: service.path })
    await until('note', () => service.said.split(`waits for process ${first.pid}\n`).length === 3)
    first.child.kill('SIGKILL')
    await second.hears(Frame.ready)
    await untilUnloaded(programs)
    second.close()
    engines.push(await third)
    await engines.at(-1)!.sees('three')
    expect(engines.at(-1)!.warnings).toEqual([
      `the sidecar is busy: it serves process ${first.pid} of user 0; this engine waits until that one ends`,
    ])
  })

  test('a client that disconnects while it waits is skipped', async () => {
    const first = await start()
    const second = connect()
    second.send(frame(Frame.configure, configure()))
    await second.hears(Frame.wait)
    second.close()
    await first.stop()
    const third = await start()
    await third.sees('three')
    expect(service.said).toContain(`serves process ${third.pid} of user 0\n`)
  })

  test('a first frame other than a valid CONFIGURE is refused with a reason, and the service continues', async () => {
    const messages = [
      frame(Frame.stop, new Uint8Array(0)),
      frame(Frame.configure, configure(), 12),
      frame(Frame.configure, configure({ ringBytes: 5000 })),
      frame(Frame.configure, configure({ version: 1 })),
      new Uint8Array(4000).fill(255),
    ]
    for (const message of messages) {
      const peer = connect()
      peer.send(message)
      await peer.left()
      expect(peer.kinds).toEqual([Frame.hello, Frame.problem])
    }
    await (await start()).sees('after')
  })

  test('an engine continues after its worker is killed, and after the service is killed and restarted', async () => {
    const engine = await start()
    process.kill(service.worker!, 'SIGKILL')
    await engine.warned(1)
    await engine.sees('one')
    const { worker } = service
    service.child.kill('SIGKILL')
    await until('end of both', () => service.ended && !isAlive(worker!))
    // The engine retries for some seconds.
    await engine.warned(2)
    await service.start()
    await engine.sees('two')
    expect(engine.warnings[0]).toBe(
      `the sidecar at ${service.path} has ended; connecting again in 0 ms (1 of 5 within a minute), the state is read again`,
    )
    expect(service.said).toContain(`process ${engine.pid} is no longer served: its worker was killed by signal 9`)
  })

  test('an engine exits with the reason when the service stays down', async () => {
    const engine = await start()
    await service.stop()
    await until('end of the engine', () => engine.ended)
    expect(engine.child.exitCode).toBe(1)
    expect(engine.error).toContain(`no sidecar answers at ${service.path}: connect: No such file or directory`)
    expect(engine.warnings.length).toBe(5)
  })
})

describe.skipIf(reason !== undefined)('the socket’s file', () => {
  let service: Service
  beforeEach(async () => {
    service = await new Service().start()
  })
  afterEach(() => service.stop())

  const listen = (path: string) => spawnSync(PROBE, ['--listen', path], { encoding: 'utf8', timeout: DEADLINE_MS })

  test('without a listener is replaced', async () => {
    service.child.kill('SIGKILL')
    await until('end', () => service.ended)
    await service.start()
    expect(service.ended).toBe(false)
  })

  test('of a running service is not replaced', () => {
    const { status, stderr } = listen(service.path)
    expect([status, stderr]).toEqual([
      1,
      `falc-probe: ${service.path} belongs to another process, which answers\nfalc-probe: Address already in use\n`,
    ])
    loadAddon().close(loadAddon().connect(service.path))
  })

  test('that is not a socket is refused', () => {
    const path = `${service.folder}/file`
    writeFileSync(path, 'text')
    const { status, stderr } = listen(path)
    expect([status, stderr]).toEqual([
      1,
      `falc-probe: ${path} exists and is not a socket\nfalc-probe: Address already in use\n`,
    ])
  })

  test('with too long a path is refused', () => {
    expect(listen(`/tmp/${'x'.repeat(110)}`).stderr).toContain("falc-probe: a socket's path has at most 107 bytes\n")
  })
})
