/** What the kernel leaves out because no rule can match it: the alerts are those of a capture in which it leaves out nothing. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Engine } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Live, openLive } from '../../src/live/open-live.ts'
import { syscall } from '../../src/source.ts'
import { caughtUp, missing, until } from './machine.ts'

const source = syscall()
const SEED = 20_261_127
const SHOWN = ['evt.type', 'evt.args', 'fd.name'] as const
const LOSSES = ['dropFull', 'dropFullFirst', 'dropPressure', 'dropFlood'] as const

function load(conditions: readonly string[]): Engine<typeof source> {
  const engine = new Engine({ sources: [source], ruleMatching: 'all' })
  const rules = conditions.map((condition, i) => {
    return { rule: `R${i}`, desc: 'd', condition, output: SHOWN.map(name => `%${name}`).join(' '), priority: 'INFO' }
  })
  const { errors } = engine.load([{ name: 'r.yaml', content: JSON.stringify(rules) }])
  expect(errors).toEqual([])
  return engine
}

const OPENS = 'evt.type in (open, openat, openat2)'
const ENDS = 'evt.type = procexit'
const DECIDED = load([
  `${OPENS} and fd.num >= 0`,
  `${OPENS} and fd.num = -1 and evt.res startswith E and fd.nameraw contains ../`,
  `${OPENS} and fd.nameraw glob *..*..*`,
  `${OPENS} and evt.arg.flags contains O_CREAT`,
  `${OPENS} and (evt.failed = false or evt.is_open_create = true)`,
  ENDS,
])
const UNDECIDED = load([`${OPENS} and evt.failed = true`, ENDS])

describe.skipIf(missing() !== undefined)('the filter in the kernel', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-filter-'))
  const lives: Live[] = []
  beforeAll(async () => {
    execFileSync('cc', [join(import.meta.dirname, 'opens.c'), '-o', join(folder, 'opens')])
    const wanted = DECIDED.wantedTypes(source)
    const ringBytes = 32 << 20
    lives.push(
      await openLive({ wanted, ringBytes, unmatched: DECIDED.unmatched(source) }),
      await openLive({ wanted, ringBytes }),
    )
  })
  afterAll(async () => {
    for (const live of lives) await live.close()
    rmSync(folder, { recursive: true, force: true })
  })

  interface Seen {
    /** Of each capture, about the program. */
    readonly alerts: readonly string[][]
    /** How many of its opens are of the class. */
    readonly inClass: number
    /** Opens that the first capture had left out before, of all processes. */
    readonly before: number
  }

  const lost = () => lives.flatMap(({ counts }) => LOSSES.map(cause => counts[cause])).join()

  /** Runs the program, again if the machine was so busy that events were lost. */
  function alertsOf(engine: Engine<typeof source>, seed: number): Promise<Seen> {
    return until('a run without losses', async () => {
      const before = lost()
      const seen = await run(engine, seed++)
      return lost() === before && seen
    })
  }

  async function run(engine: Engine<typeof source>, seed: number): Promise<Seen> {
    const before = lives[0]!.counts.passedOver
    const cwd = mkdtempSync(join(folder, 'run-'))
    const running = promisify(execFile)(join(folder, 'opens'), [`${seed}`, '4000'], { cwd })
    const { pid } = running.child
    const alerts: string[][] = lives.map(() => [])
    const ended = lives.map(() => false)
    const read = async (live: Live, i: number) => {
      while (live.next()) {
        const { event } = live
        if (event.thread?.pid !== pid) continue
        for (const { rule, output_fields } of engine.evaluate(source, event)) {
          if (output_fields['evt.type'] === 'procexit') ended[i] = true
          else alerts[i]!.push([rule, ...SHOWN.map(name => output_fields[name])].join(' '))
        }
      }
      await live.fill()
    }
    // Its end may be among what was lost.
    const over = running.then(() => BigInt(Date.now()) * 1_000_000n)
    const all = lives.map(live => caughtUp(live))
    let end: bigint | undefined
    void over.then(time => {
      end = time
    })
    await until('the end of the program', async () => {
      await Promise.all(lives.map(read))
      return lives.every((_, i) => all[i]!(end) || ended[i])
    })
    const inClass = Number((await running).stdout)
    for (let turn = 0; turn < 2; turn++) await newer(read)
    return { alerts, inClass, before }
  }

  /** Waits for counts that each sidecar sends from now on, or has just sent: something happens all the time. */
  async function newer(read: (live: Live, i: number) => Promise<void>): Promise<void> {
    const before = lives.map(live => live.counts.events)
    await until('newer counts', async () => {
      execFileSync('true')
      await Promise.all(lives.map(read))
      return lives.every((live, i) => live.counts.events > before[i]!)
    })
  }

  async function drain(live: Live): Promise<void> {
    while (live.next());
    await live.fill()
  }

  test('changes no alert, and leaves out each failed open that no rule can match', async () => {
    const { alerts, inClass, before } = await alertsOf(DECIDED, SEED)
    expect(alerts[0]!.length).toBeGreaterThan(500)
    expect(alerts[0]).toEqual(alerts[1])
    expect(inClass).toBeGreaterThan(100)
    await until('each of them is counted', async () => {
      execFileSync('true')
      await Promise.all(lives.map(drain))
      return lives[0]!.counts.passedOver - before >= inClass
    })
    expect(lives[1]!.counts.passedOver).toBe(0)
  })

  test('ends when rules come that can match one', async () => {
    for (const live of lives) live.want(UNDECIDED.wantedTypes(source), UNDECIDED.unmatched(source))
    const { alerts, inClass } = await alertsOf(UNDECIDED, SEED + 1000)
    expect(alerts[0]!.length).toBeGreaterThan(inClass)
    expect(alerts[0]).toEqual(alerts[1])
  })
})
