/** However one of the two ends, the other knows; the kernel keeps nothing of them. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { Engine, isAlive, missing, PROBE, programsOf, sleep, until, untilUnloaded } from './machine.ts'

const reason = missing()

/** Opens a file of this name, which need not be there. */
function open(name: string): void {
  spawnSync('cat', [`/tmp/falc-live-${name}`])
}

const WAYS = [
  { way: 'through shared memory', stream: false },
  { way: 'over the socket', stream: true },
]

describe.skipIf(reason !== undefined).each(WAYS)('endings, $way', { timeout: 60_000 }, ({ stream }) => {
  let engine: Engine | undefined
  afterEach(async () => {
    await engine?.stop()
    engine = undefined
  })
  test('an engine that is killed takes the sidecar and the programs along', async () => {
    engine = await Engine.start({ stream })
    const { sidecar } = engine
    const programs = programsOf(sidecar)
    expect(programs.length).toBeGreaterThan(100)
    engine.child.kill('SIGKILL')
    await until('end of the sidecar', () => !isAlive(sidecar))
    await untilUnloaded(programs)
  })

  test('an engine that is stopped and then killed does so, too', async () => {
    engine = await Engine.start({ stream })
    const { sidecar } = engine
    const programs = programsOf(sidecar)
    engine.child.kill('SIGSTOP')
    await sleep(200)
    engine.child.kill('SIGKILL')
    await until('end of the sidecar', () => !isAlive(sidecar))
    await untilUnloaded(programs)
  })

  test('a sidecar that is killed is reported and started again, and the state is read anew', async () => {
    engine = await Engine.start({ stream })
    const first = engine.sidecar
    open('before')
    await until('event before', () => engine!.opened.includes('/tmp/falc-live-before'))
    process.kill(first, 'SIGKILL')
    await until('warning', () => engine!.warnings.length > 0)
    let second = first
    await until('another sidecar', async () => {
      second = (await engine!.ask('sidecar')).pid
      return second !== first
    })
    await until('event after', () => {
      open('after')
      return engine!.opened.includes('/tmp/falc-live-after')
    })
    const { threads } = await engine.ask('threads')
    expect(threads).toBeGreaterThan(5)
    expect((await engine.ask('counts')).restarts).toBe(1)
  })

  test('a full ring is reported as drops by cause, and what comes after is seen', async () => {
    engine = await Engine.start({ stream, ringBytes: 1 << 16 })
    engine.child.kill('SIGSTOP')
    execFileSync('sh', ['-c', 'i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done'])
    const unseen = spawn('sleep', ['60'], { stdio: 'ignore' })
    engine.child.kill('SIGCONT')
    let counts: Record<string, number> = {}
    await until('drops', async () => {
      counts = await engine!.ask('counts')
      return counts.dropPressure! > 0 && counts.dropFullFirst! > 0
    })
    expect(counts.malformed).toBe(0)
    // What was missed meanwhile is read from /proc.
    await until('repair', async () => (await engine!.ask('counts')).repairs > 0)
    expect(await engine.ask(`thread ${unseen.pid}`)).toEqual({ comm: 'sleep', ptid: process.pid, fds: '/dev/null' })
    unseen.kill('SIGKILL')
    await until('event after', () => {
      open('recovered')
      return engine!.opened.includes('/tmp/falc-live-recovered')
    })
  })

  test('an engine that ends by itself leaves nothing', async () => {
    engine = await Engine.start({ stream })
    const { sidecar } = engine
    const programs = programsOf(sidecar)
    await engine.stop()
    expect(engine.child.exitCode).toBe(0)
    expect(isAlive(sidecar)).toBe(false)
    await untilUnloaded(programs)
  })

  test('an ordinary user’s engine sees events through a sidecar that is a service, and no more than events', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'falc-service-'))
    const socketPath = join(folder, 'probe.sock')
    const service = spawn(PROBE, ['--listen', socketPath], { stdio: 'ignore' })
    try {
      execFileSync('chmod', ['755', folder])
      await until('socket', () => {
        try {
          execFileSync('chgrp', ['65534', socketPath], { stdio: 'ignore' })
          return true
        } catch {
          return false
        }
      })
      for (const round of ['one', 'two']) {
        engine = await Engine.start({ stream, socketPath, drop: true })
        const programs = programsOf(service.pid!)
        expect(await engine.ask('shadow')).toEqual({ shadow: 'EACCES' })
        open(round)
        await until(`event ${round}`, () => engine!.opened.includes(`/tmp/falc-live-${round}`))
        await engine.stop()
        expect(isAlive(service.pid!)).toBe(true)
        await untilUnloaded(programs)
      }
    } finally {
      service.kill('SIGTERM')
      await until('end of the service', () => service.exitCode !== null || service.signalCode !== null)
      rmSync(folder, { recursive: true })
    }
    expect(service.exitCode).toBe(0)
  })
})
