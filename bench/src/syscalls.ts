/**
 * System calls: events per CPU second of an uncompressed, repeated capture: without rules (block walk, decoding, state), with Falco's
 * stable rules, with all its rules, with ten times the rules. Start-up is not counted: each set of rules first replays a shorter file, in a
 * process of its own. Beside Falco (peers/falco.ts) where one is to be had.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Engine, type RulesFile } from '@falc/engine'
import { openCapture, syscall } from '@falc/sources-syscall'
import { multiplied, root, syscallRules } from './files.ts'
import { report, times } from './measure.ts'
import { findFalco, measureFalco } from './peers/falco.ts'

const EVENT_BLOCKS = new Set([0x204, 0x208, 0x216, 0x217, 0x221, 0x222])
const EVENTS = 5_000_000
/** As `falc` starts Node, and as it runs while there are events. */
const NODE_FLAGS = [
  ...['--min-semi-space-size=4', '--max-semi-space-size=4'],
  ...[
    '--no-allocation-site-pretenuring',
    '--invocation-count-for-turbofan=100000',
    '--no-maglev-destroy-on-background',
  ],
]

/** The busy server of the shared corpus where it is there, else the largest bundled capture. */
const shared = resolve(root, '../shared/corpus/syscall/server.scap')
const CAPTURE =
  process.env.FALC_BENCH_CAPTURE ?? (existsSync(shared) ? shared : join(root, 'examples/captures/container-a.scap'))

/** A copy of the capture with its events repeated until there are at least `least`; the number of events. */
export function repeatCapture(capture: string, to: string, least: number): number {
  const raw = readFileSync(capture)
  const bytes = raw[0] === 0x1f ? gunzipSync(raw) : raw
  let at = 0
  let first = 0
  let events = 0
  while (at + 8 <= bytes.length) {
    if (EVENT_BLOCKS.has(bytes.readUInt32LE(at))) {
      if (first === 0) first = at
      events++
    }
    at += bytes.readUInt32LE(at + 4)
  }
  const times = Math.ceil(least / events)
  const fd = openSync(to, 'w')
  writeSync(fd, bytes.subarray(0, at))
  for (let i = 1; i < times; i++) writeSync(fd, bytes.subarray(first, at))
  closeSync(fd)
  return events * times
}

export interface Run {
  readonly alerts: number
  /** User CPU seconds of the process, all its threads: what Falco's rates are given in. */
  readonly seconds: number
}

/** Replays a whole file. */
export async function replay(path: string, engine: Engine): Promise<Run> {
  const source = engine.options.sources[0]!
  const types = engine.wantedTypes(source)
  const wanted = types === 'all' ? undefined : [...types.keys()].filter(type => types[type] === 1)
  const before = process.cpuUsage()
  const capture = await openCapture(path, { wanted: wanted! })
  let alerts = 0
  do {
    while (capture.next()) alerts += engine.evaluate(source, capture.event).length
  } while (await capture.fill())
  return { alerts, seconds: process.cpuUsage(before).user / 1e6 }
}

/** An engine with these rules. */
export function engineWith(files: readonly RulesFile[]): { engine: Engine; rules: number } {
  const engine = new Engine({ sources: [syscall()], plugins: [{ name: 'container', version: '0.7.1' }] })
  const loaded = engine.load(files)
  if (!loaded.ok) throw new Error(loaded.errors[0]!.message)
  return { engine, rules: loaded.rules.filter(rule => rule.enabled).length }
}

const SETS: readonly (readonly [string, () => readonly RulesFile[]])[] = [
  ['no rules', () => []],
  ['stable rules', () => syscallRules('stable')],
  ['stable rules, ten times', () => multiplied(syscallRules('stable'), 10)],
  ['all rules', () => syscallRules('all')],
  ['all rules, ten times', () => multiplied(syscallRules('all'), 10)],
]

/** Beside Falco. */
const GOALS = [
  ['stable rules', 'at least 5×'],
  ['all rules', 'at least 12×'],
] as const

/** One set of rules, in a process of its own so that its memory is its own: warmed by a short replay, then three runs. */
async function measureSet(name: string, short: string, path: string): Promise<Measurement> {
  const { engine, rules } = engineWith(SETS.find(set => set[0] === name)![1]())
  await replay(short, engine)
  const runs: Run[] = []
  for (let i = 0; i < 3; i++) runs.push(await replay(path, engine))
  const seconds = runs.map(run => run.seconds).sort((a, b) => a - b)[1]!
  return { rules, alerts: runs[0]!.alerts, seconds, bytes: process.memoryUsage.rss() }
}

interface Measurement {
  readonly rules: number
  readonly alerts: number
  readonly seconds: number
  /** Resident memory at the end. */
  readonly bytes: number
}

export async function benchSyscalls(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'falc-bench-'))
  try {
    const path = join(work, 'repeated.scap')
    const short = join(work, 'short.scap')
    const events = repeatCapture(CAPTURE, path, EVENTS)
    repeatCapture(CAPTURE, short, EVENTS / 5)
    console.log(`System calls: ${events} events of ${CAPTURE.replace(/.*\//, '')}, per user CPU second`)
    const rates = new Map<string, number>()
    for (const [name] of SETS) {
      const output = execFileSync(process.execPath, [...NODE_FLAGS, import.meta.filename, name, short, path], {
        encoding: 'utf8',
      })
      const { rules, alerts, seconds, bytes }: Measurement = JSON.parse(output)
      rates.set(name, events / seconds)
      const memory = (bytes / 2 ** 20).toFixed(0)
      report(
        name,
        `${(events / seconds / 1e6).toFixed(2)} M events/s, ${memory} MiB`,
        '',
        `${rules} rules, ${alerts} alerts`,
      )
    }
    const dearer = (name: string) => times(rates.get(name)! / rates.get(`${name}, ten times`)!)
    report('stable rules: cost of ten times the rules', dearer('stable rules'), 'under 1.5×')
    report('all rules: cost of ten times the rules', dearer('all rules'), 'under 1.5×')
    compareWithFalco(path, events, rates)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Falco on the same file, where an executable is on PATH or FALC_PEER_FALCO names it. */
function compareWithFalco(path: string, events: number, rates: ReadonlyMap<string, number>): void {
  const falco = findFalco()
  if (falco === undefined) {
    console.log('  Falco: not on PATH, and FALC_PEER_FALCO does not name it')
    return
  }
  for (const [name, goal] of GOALS) {
    const rate = measureFalco(falco, path, events, SETS.find(set => set[0] === name)![1]())
    const falcos = `Falco ${(rate / 1e6).toFixed(2)} M/s`
    report(`${name}: faster than Falco`, times(rates.get(name)! / rate), goal, falcos)
  }
}

if (import.meta.main) {
  const [name, short, path] = process.argv.slice(2)
  console.log(JSON.stringify(await measureSet(name!, short!, path!)))
}
