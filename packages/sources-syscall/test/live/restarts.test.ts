/** A sidecar runs as two processes. Whichever of these and the engine is killed, detection continues, or nothing is left. */
import { spawnSync } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import {
  childOf,
  Engine,
  isAlive,
  missing,
  parentOf,
  processesWith,
  programsOf,
  sleep,
  until,
  untilUnloaded,
} from './machine.ts'

const reason = missing()
const MARK = `restarts-${process.pid}-${Date.now()}`
const left = () => processesWith(`FALC_TEST=${MARK}`).sort()

describe.skipIf(reason !== undefined)('restarts', () => {
  let engine: Engine | undefined
  afterEach(async () => {
    await engine?.stop()
    engine = undefined
  })

  /** The three processes of a running engine. */
  function processes({ pid, sidecar }: Engine) {
    return { engine: pid, supervisor: parentOf(sidecar), worker: sidecar }
  }

  const ENDS = [
    ['engine'],
    ['engine', 'worker'],
    ['worker', 'engine'],
    ['engine', 'supervisor'],
    ['supervisor', 'engine'],
    ['engine', 'supervisor', 'worker'],
    ['worker', 'supervisor', 'engine'],
  ] as const

  test.each(ENDS.map(killed => ({ killed })))(
    'no process or program is left after killing $killed in this order',
    async ({ killed }) => {
      engine = await Engine.start({ env: { FALC_TEST: MARK } })
      const all = processes(engine)
      const programs = programsOf(all.worker)
      expect(programs.length).toBeGreaterThan(60)
      expect(left()).toEqual(Object.values(all).sort())
      // A process may have exited already, because of the one killed before it.
      spawnSync('kill', ['-9', ...killed.map(name => String(all[name]))])
      await until('end of all', () => left().length === 0)
      await untilUnloaded(programs)
    },
  )

  test('no process is left when the engine is killed while the supervisor pauses before a restart', async () => {
    engine = await Engine.start({ env: { FALC_TEST: MARK } })
    for (let restarts = 1; restarts <= 3; restarts++) {
      process.kill(engine.sidecar, 'SIGKILL')
      await engine.warned(restarts)
      if (restarts < 3) await nextWorker(engine)
    }
    engine.child.kill('SIGKILL')
    await until('end of all', () => left().length === 0)
    // The pause is over by now.
    await sleep(600)
    expect(left()).toEqual([])
  })

  test('an engine that has dropped its rights continues after its worker is killed', async () => {
    engine = await Engine.start({ drop: true })
    const { supervisor, worker } = processes(engine)
    await engine.sees('one')
    process.kill(worker, 'SIGKILL')
    await engine.warned(1)
    await engine.sees('two')
    expect(parentOf(await nextWorker(engine))).toBe(supervisor)
    expect(engine.warnings).toEqual([
      'the sidecar has ended: killed by signal 9 (Killed); restart 1 of 5 within a minute, in 0 ms, and the state is read again',
    ])
    expect(await engine.ask('shadow')).toEqual({ shadow: 'EACCES' })
  })

  test('an engine that has kept its rights continues after its supervisor is killed', async () => {
    engine = await Engine.start()
    const { supervisor, worker } = processes(engine)
    const programs = programsOf(worker)
    process.kill(supervisor, 'SIGKILL')
    await engine.warned(1)
    await engine.sees('one')
    await until('end of the worker', () => !isAlive(worker))
    await untilUnloaded(programs)
    expect(engine.warnings[0]).toContain('the supervisor of the sidecar has ended; it is started again')
  })

  test('an engine that has dropped its rights exits with the reason after its supervisor is killed', async () => {
    engine = await Engine.start({ drop: true })
    process.kill(processes(engine).supervisor, 'SIGKILL')
    await until('end of the engine', () => engine!.ended)
    expect(engine.child.exitCode).toBe(1)
    expect(engine.error).toContain('may not start another since it has changed its user')
  })

  test('after five restarts within a minute the engine exits with the reason', async () => {
    engine = await Engine.start({ drop: true })
    const { supervisor } = processes(engine)
    let { sidecar: worker } = engine
    for (let restarts = 0; restarts <= 5; restarts++) {
      process.kill(worker, 'SIGKILL')
      const before = worker
      // Killed at once: where starts take long, six would not fit within a minute.
      if (restarts < 5) await until('another worker', () => (worker = childOf(supervisor) ?? before) !== before)
    }
    await until('end of the engine', () => engine!.ended)
    expect(engine.child.exitCode).toBe(1)
    expect(engine.warnings.map(text => /restart \d.*(?=,)/.exec(text)?.[0])).toEqual([
      'restart 1 of 5 within a minute, in 0 ms',
      'restart 2 of 5 within a minute, in 250 ms',
      'restart 3 of 5 within a minute, in 500 ms',
      'restart 4 of 5 within a minute, in 1000 ms',
      'restart 5 of 5 within a minute, in 2000 ms',
    ])
    expect(engine.error).toContain(
      'the sidecar was started 6 times within a minute and ended each time, at last killed by signal 9 (Killed)',
    )
    await until('end of the supervisor', () => !isAlive(supervisor))
  })

  /** Waits until another worker serves the engine, and remembers it. */
  async function nextWorker(engine: Engine): Promise<number> {
    const before = engine.sidecar
    let last = 0n
    await until('another worker', async () => {
      const { pid, lastTime } = await engine.ask('sidecar')
      engine.sidecar = pid
      // The time does not go back, though a new worker has seen nothing yet.
      expect(BigInt(lastTime)).toBeGreaterThanOrEqual(last)
      last = BigInt(lastTime)
      return engine.sidecar !== before
    })
    return engine.sidecar
  }
})
