/** bench/figures.jsonl: the latest figures of each benchmark, one row per line. `npm run generate` writes docs/performance.md from it. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { type Figure, takeFigures } from './measure.ts'

const root = resolve(import.meta.dirname, '../..')
const FILE = join(root, 'bench/figures.jsonl')

export interface Recorded extends Figure {
  /** Its name in list.ts, or `tried`: a change that did not pay. */
  readonly bench: string
  /** Of the measurement, as 2026-11-27. */
  readonly day: string
  /** The machine, and Node's version. */
  readonly on?: string
  /** How many processes wanted a core in the five minutes before. */
  readonly load?: string
  /** What was measured; without it, the row was written by hand before there was this file. */
  readonly commit?: string
}

export function recorded(): Recorded[] {
  const lines = readFileSync(FILE, 'utf8').split('\n').filter(Boolean)
  return lines.map((line): Recorded => JSON.parse(line))
}

/** Replaces the rows of a benchmark by those reported since the last call. Rows that were not measured this time stay, with their day. */
export function record(bench: string): void {
  const cpu = cpus()
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--', 'packages', 'bench/src') !== ''
  const machine = {
    day: new Date().toISOString().slice(0, 10),
    on: `Node ${process.versions.node}, ${cpu[0]?.model ?? 'unknown'}, ${cpu.length} cores`,
    load: loadavg()[1]!.toFixed(0),
    commit: `${git('rev-parse', '--short=8', 'HEAD')}${changed ? ' changed' : ''}`,
  }
  // A benchmark in several rounds may report a line again: the last one counts.
  const figures = new Map(takeFigures().map(figure => [figure.what, figure]))
  const measured = [...figures.values()].map((figure): Recorded => ({ bench, ...figure, ...machine }))
  const known = recorded()
  const kept = known.filter(row => row.bench !== bench || measured.every(({ what }) => what !== row.what))
  const first = known.findIndex(row => row.bench === bench)
  const before = first < 0 ? kept.length : known.slice(0, first).filter(row => kept.includes(row)).length
  const rows = [...kept.slice(0, before), ...measured, ...kept.slice(before)]
  writeFileSync(FILE, rows.map(row => `${JSON.stringify(row)}\n`).join(''))
}
