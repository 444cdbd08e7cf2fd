/** Two captures of the same events: what the kernel leaves out in the first must change no alert. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Engine } from '@falc/engine'
import { expect } from 'vitest'
import { type Live, openLive } from '../../src/live/open-live.ts'
import type { Counter } from '../../src/live/wire.ts'
import { syscall } from '../../src/source.ts'
import { caughtUp, until } from './machine.ts'

const source = syscall()
export type Rules = Engine<typeof source>
const SHOWN: readonly string[] = ['evt.type', 'evt.args', 'fd.name']
const LOSSES = ['dropFull', 'dropFullFirst', 'dropPressure', 'dropFlood'] as const

/** Rules with these conditions, which print some fields, and one that matches the exit of a process. */
export function load(
  conditions: readonly string[],
  shown: (condition: string) => readonly string[] = () => SHOWN,
): Rules {
  const engine = new Engine({ sources: [source], ruleMatching: 'all' })
  const rules = [...conditions, 'evt.type = procexit'].map((condition, i) => {
    return {
      rule: `R${i}`,
      desc: 'd',
      condition,
      output: shown(condition)
        .map(name => `%${name}`)
        .join(' '),
      priority: 'INFO',
    }
  })
  const { errors } = engine.load([{ name: 'r.yaml', content: JSON.stringify(rules) }])
  expect(errors).toEqual([])
  return engine
}

export interface Seen {
  /** The alerts of each capture about the program. */
  readonly alerts: readonly string[][]
  /** What the program printed. */
  readonly printed: string
  /** What the first capture had counted before. */
  readonly before: Readonly<Record<Counter, number>>
}

export class Twins {
  readonly lives: readonly Live[]
  readonly #folder: string

  private constructor(lives: readonly Live[], folder: string) {
    this.lives = lives
    this.#folder = folder
  }

  /** @param program a C file in this folder, which takes a seed and a number of acts */
  static async open(rules: Rules, program: string): Promise<Twins> {
    const folder = mkdtempSync(join(tmpdir(), 'falc-filter-'))
    execFileSync('cc', ['-pthread', join(import.meta.dirname, program), '-o', join(folder, 'program')])
    const options = { wanted: rules.wantedTypes(source), fields: rules.fieldsRead(source), ringBytes: 32 << 20 }
    const lives = [await openLive({ ...options, unmatched: rules.unmatched(source) }), await openLive(options)]
    return new Twins(lives, folder)
  }

  async close(): Promise<void> {
    for (const live of this.lives) await live.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  want(rules: Rules): void {
    const [filtered, whole] = this.lives
    const fields = rules.fieldsRead(source)
    filtered!.want(rules.wantedTypes(source), rules.unmatched(source), fields)
    whole!.want(rules.wantedTypes(source), {}, fields)
  }

  /** Runs the program, again with another seed if the machine was so busy that events were lost. */
  alertsOf(rules: Rules, seed: number, acts: number): Promise<Seen> {
    const lost = () => this.lives.flatMap(({ counts }) => LOSSES.map(cause => counts[cause])).join()
    return until('a run without losses', async () => {
      const before = lost()
      const seen = await this.#run(rules, seed++, acts)
      return lost() === before && seen
    })
  }

  async #run(rules: Rules, seed: number, acts: number): Promise<Seen> {
    const { lives } = this
    const before = { ...lives[0]!.counts }
    const cwd = mkdtempSync(join(this.#folder, 'run-'))
    const running = promisify(execFile)(join(this.#folder, 'program'), [`${seed}`, `${acts}`], { cwd })
    const { pid } = running.child
    const alerts: string[][] = lives.map(() => [])
    const ended = lives.map(() => false)
    const read = async (live: Live, i: number) => {
      while (live.next()) {
        const { event } = live
        const { thread } = event
        if (thread === null || (thread.pid !== pid && thread.ptid !== pid)) continue
        for (const { rule, output_fields } of rules.evaluate(source, event)) {
          if (output_fields['evt.type'] !== 'procexit') {
            alerts[i]!.push([rule, ...shownOf(output_fields)].join(' '))
          } else if (event.tid === pid) ended[i] = true
        }
      }
      await live.fill()
    }
    // Its exit may be among the lost events.
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
    const { stdout } = await running
    for (let turn = 0; turn < 2; turn++) await this.#newer(read)
    return { alerts, printed: stdout, before }
  }

  /** Waits for counts that each sidecar sends from now on, or has just sent: a process is run in each turn for it to count. */
  async #newer(read: (live: Live, i: number) => Promise<void>): Promise<void> {
    const { lives } = this
    const before = lives.map(live => live.counts.events)
    await until('newer counts', async () => {
      execFileSync('true')
      await Promise.all(lives.map(read))
      return lives.every((live, i) => live.counts.events > before[i]!)
    })
  }

  /** Waits until the first capture has counted at least that many. */
  async counted(counter: Counter, least: number): Promise<void> {
    await until(`${least} of ${counter}`, async () => {
      execFileSync('true')
      for (const live of this.lives) {
        while (live.next());
        await live.fill()
      }
      return this.lives[0]!.counts[counter] >= least
    })
  }
}

/** Values in the order of their names, without the time, which differs between captures. */
function shownOf(fields: Readonly<Record<string, unknown>>): unknown[] {
  return Object.keys(fields)
    .filter(name => name !== 'evt.time')
    .sort()
    .map(name => fields[name])
}
