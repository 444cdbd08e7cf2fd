/**
 * Replays a recording of every system call of a busy machine, as a whole process: without rules, with Falco's stable rules, and with all of
 * them. Peers are `--read-all`, which reads every event, and Falco if it is available. FALC_BENCH_BUSY names the recording: `falc record -w
 * busy.scap` while bench/workload.sh and bench/storm.sh run. It holds what the machine did, so it is not committed.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RulesFile } from '@falc/engine'
import { openCapture } from '@falc/sources-syscall'
import { root, syscallRules } from './files.ts'
import { report, times } from './measure.ts'
import { findFalco, measureFalco, seconds } from './peers/falco.ts'
import { benchTables } from './tables.ts'

const RECORDING = process.env.FALC_BENCH_BUSY
const ROUNDS = 5

const NO_RULES: RulesFile = { name: 'none.yaml', content: '- macro: unused\n  condition: evt.num > 0\n' }
/** With the goal beside Falco. */
const SETS: readonly (readonly [name: string, files: readonly RulesFile[], goal: string])[] = [
  ['no rules', [NO_RULES], 'at least 10×'],
  ['stable rules', syscallRules('stable'), 'at least 5×'],
  ['all rules', syscallRules('all'), 'at least 8×'],
]

export async function benchBusy(): Promise<void> {
  benchTables()
  if (RECORDING === undefined) {
    return console.log('Busy recording: skipped, FALC_BENCH_BUSY names none')
  }
  const events = await countEvents(RECORDING)
  console.log(
    `Busy recording: ${events} events, whole process, user CPU seconds; medians of ${ROUNDS}, in turn with --read-all`,
  )
  const falco = findFalco()
  const work = mkdtempSync(join(tmpdir(), 'falc-busy-'))
  try {
    for (const [name, files, goal] of SETS) {
      const paths = files.map(({ content }, i) => {
        const path = join(work, `${name}-${i}.yaml`)
        writeFileSync(path, content)
        return ['-r', path]
      })
      const run = (...flags: string[]) =>
        seconds(join(root, 'falc'), ['run', ...paths.flat(), '-e', RECORDING, ...flags])
      // The first start compiles the rules.
      run('--dry-run')
      const fast: number[] = []
      const slow: number[] = []
      for (let i = 0; i < ROUNDS; i++) {
        fast.push(run())
        slow.push(run('--read-all'))
      }
      report(name, `${median(fast).toFixed(2)} s: ${rate(events, fast)}`)
      report(`${name}: --read-all beside it`, times(median(slow) / median(fast)))
      if (falco !== undefined) {
        const theirs = measureFalco(falco, RECORDING, events, files)
        report(`${name}: faster than Falco`, times(events / median(fast) / theirs), goal)
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function countEvents(path: string): Promise<number> {
  const capture = await openCapture(path, { wanted: [], fields: [] })
  do {
    while (capture.next());
  } while (await capture.fill())
  return capture.counts.events
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!
const rate = (events: number, runs: readonly number[]) => `${(events / median(runs) / 1e6).toFixed(1)} M events/s`
