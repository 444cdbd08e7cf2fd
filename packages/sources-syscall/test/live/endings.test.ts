/** However the engine or the sidecar ends, the other notices, and nothing of them stays in the kernel. */
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../../scripts/testing/wait.ts'
import { Engine, isAlive, missing, programsOf, stateOf, until, untilUnloaded } from './machine.ts'
import { Service } from './service.ts'

const reason = missing()

const WAYS = [
  { way: 'through shared memory', stream: false },
  { way: 'over the socket', stream: true },
]

describe.skipIf(reason !== undefined).each(WAYS)('endings, $way', ({ stream }) => {
  let engine: Engine | undefined
  afterEach(async () => {
    await engine?.stop()
    engine = undefined
  })
  test('killing the engine ends the sidecar and unloads the programs', async () => {
    engine = await Engine.start({ stream })
    const { sidecar } = engine
    const programs = programsOf(sidecar)
    expect(programs.length).toBeGreaterThan(60)
    engine.child.kill('SIGKILL')
    await until('end of the sidecar', () => !isAlive(sidecar))
    await untilUnloaded(programs)
  })

  test('killing a stopped engine ends the sidecar and unloads the programs', async () => {
    engine = await Engine.start({ stream })
    const { sidecar } = engine
    const programs = programsOf(sidecar)
    engine.child.kill('SIGSTOP')
    await until('it is stopped', () => stateOf(engine!.child.pid!) === 'T')
    engine.child.kill('SIGKILL')
    await until('end of the sidecar', () => !isAlive(sidecar))
    await untilUnloaded(programs)
  })

  test('a killed sidecar is reported and restarted, and the state is read again', async () => {
    engine = await Engine.start({ stream })
    const first = engine.sidecar
    await engine.sees('before')
    process.kill(first, 'SIGKILL')
    await until('warning', () => engine!.warnings.length > 0)
    let second = first
    await until('another sidecar', async () => {
      second = (await engine!.ask('sidecar')).pid
      return second !== first
    })
    await engine.sees('after')
    const { threads } = await engine.ask('threads')
    expect(threads).toBeGreaterThan(5)
    expect((await engine.ask('counts')).restarts).toBe(1)
  })

  test('drops of a full ring are counted by cause, missed processes read from /proc, later events seen', async () => {
    engine = await Engine.start({ stream, ringBytes: 1 << 16 })
    engine.child.kill('SIGSTOP')
    execFileSync('sh', ['-c', 'i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done'])
    const unseen = spawn('sleep', ['600'], { stdio: 'ignore' })
    engine.child.kill('SIGCONT')
    let counts: Record<string, number> = {}
    await until('drops', async () => {
      counts = await engine!.ask('counts')
      return counts.dropPressure! + counts.dropFlood! > 0 && counts.dropFullFirst! > 0
    })
    expect(counts.malformed).toBe(0)
    // A process missed meanwhile is read from /proc, which gives the parent's process; an event gives its thread.
    await eventually(async () => {
      expect((await engine!.ask('counts')).repairs).toBeGreaterThan(0)
      const { comm, ptid, fds } = await engine!.ask(`thread ${unseen.pid}`)
      expect(comm).toBe('sleep')
      expect(readdirSync('/proc/self/task')).toContain(`${ptid}`)
      expect(fds).toBe('/dev/null')
    })
    unseen.kill('SIGKILL')
    await engine.sees('recovered')
  })

  test('an engine that exits leaves no sidecar and no programs', async () => {
    engine = await Engine.start({ stream })
    const { sidecar } = engine
    const programs = programsOf(sidecar)
    await engine.stop()
    expect(engine.child.exitCode).toBe(0)
    await until('end of the sidecar', () => !isAlive(sidecar))
    await untilUnloaded(programs)
  })

  test('an ordinary user’s engine sees events through a sidecar service, and gains no other rights', async () => {
    const service = await new Service().start()
    try {
      for (const round of ['one', 'two']) {
        engine = await Engine.start({ stream, socketPath: service.path, drop: true })
        const programs = programsOf(service.worker!)
        expect(await engine.ask('shadow')).toEqual({ shadow: 'EACCES' })
        await engine.sees(round)
        await engine.stop()
        expect(isAlive(service.pid)).toBe(true)
        await untilUnloaded(programs)
      }
    } finally {
      await service.stop()
    }
    expect(service.child.exitCode).toBe(0)
  })
})
