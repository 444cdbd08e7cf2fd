/**
 * The cost of watching live. Each load runs alternately alone and under a freshly started watcher, several times. Reported are the CPU
 * seconds of the watcher's processes, per run and before the first, those of the load with and without a watcher, and the dropped events. A
 * `falco` on PATH (or named by FALC_PEER_FALCO) takes its turn beside falc, and so does an earlier falc that FALC_PEER_BEFORE names (of
 * another checkout, built). FALC_BENCH_WORKLOAD names another script than workload.sh; FALC_BENCH_LOADS (`workload storm`) and
 * FALC_BENCH_ROUNDS (3) make it shorter. Needs root, the native parts (pnpm run build:native) and a machine that is otherwise quiet.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RulesFile } from '@falc/engine'
import { root, syscallRules } from './files.ts'
import { report, times } from './measure.ts'
import { findFalco, liveFalco } from './peers/falco.ts'
import { cpuOf, peakOf, treeOf } from './processes.ts'

const ROUNDS = Number(process.env.FALC_BENCH_ROUNDS ?? 3)
const NAMES = (process.env.FALC_BENCH_LOADS ?? 'workload storm').split(' ')

/** `runs`: how often in a row. */
const LOADS = [
  { name: 'workload', script: process.env.FALC_BENCH_WORKLOAD ?? join(root, 'bench/workload.sh'), runs: 5 },
  { name: 'storm', script: join(root, 'bench/storm.sh'), runs: 2 },
].filter(({ name }) => NAMES.includes(name))
type Load = (typeof LOADS)[number]

/** How a watcher is started, and what it says once events flow. */
interface Watching {
  readonly name: string
  readonly command: readonly string[]
  readonly ready: RegExp
}

interface Cost {
  /** CPU seconds before the load began, in its first run, and in each later one. */
  readonly start: number
  readonly first: number
  readonly later: readonly number[]
  /** MiB. */
  readonly memory: number
  /** CPU seconds of the load in each later run. */
  readonly load: readonly number[]
  readonly drops: string
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
const sleep = (ms: number) => new Promise(done => setTimeout(done, ms))

/** CPU seconds of one run of a script. */
function runLoad(script: string, work: string): number {
  const folder = join(work, 'load')
  const command = '"$@" >/dev/null 2>&1; times'
  const { stdout } = spawnSync('bash', ['-c', command, 'bash', 'bash', script, folder], {
    encoding: 'utf8',
    env: { ...process.env, W: folder },
  })
  rmSync(folder, { recursive: true, force: true })
  const match = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(stdout)
  if (!match) throw new Error(`${script} did not run`)
  return Number(match[1]) * 60 + Number(match[2]) + Number(match[3]) * 60 + Number(match[4])
}

async function watch({ name, command, ready }: Watching, { script, runs }: Load, work: string): Promise<Cost> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', data => void (log += data))
  const deadline = Date.now() + 30_000
  while (!ready.test(log)) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`${name} did not start:\n${log}`)
    await sleep(50)
  }
  await sleep(1000)
  const pids = treeOf(child.pid!)
  const start = cpuOf(pids)
  const costs: number[] = []
  const loads: number[] = []
  for (let run = 0, before = start; run < runs; run++) {
    loads.push(runLoad(script, work))
    await sleep(500)
    const now = cpuOf(pids)
    costs.push(now - before)
    before = now
  }
  const memory = peakOf(pids)
  await ended(child)
  const [first, ...later] = costs
  return { start, first: first!, later, memory, load: loads.slice(1), drops: dropsIn(log) }
}

/** What the watcher's report says of lost events: falc's causes, Falco's count. */
function dropsIn(log: string): string {
  const found = log.match(/^ *syscall: drop\w+: [1-9]\d*|n_drops(_[a-z]+)?[:=] ?[1-9]\d*/gm) ?? []
  return found.map(line => line.trim()).join(', ') || 'none'
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = new Promise(done => child.on('close', done))
  child.kill('SIGINT')
  await closed
}

function watchers(rules: readonly RulesFile[], work: string): Watching[] {
  const files = rules.flatMap(({ content }, i) => {
    const path = join(work, `${i}.yaml`)
    writeFileSync(path, content)
    return ['-r', path]
  })
  const falco = findFalco()
  const before = process.env.FALC_PEER_BEFORE
  const falc = (name: string, path: string) => ({
    name,
    command: [path, 'run', ...files],
    ready: /Opening event source/,
  })
  return [
    falc('falc', join(root, 'falc')),
    ...(before === undefined ? [] : [falc('falc before', before)]),
    ...(falco === undefined
      ? []
      : [{ name: 'falco', command: liveFalco(falco, files, work), ready: /Opening 'syscall' source/ }]),
  ]
}

export async function benchLive(): Promise<void> {
  if (process.getuid?.() !== 0) {
    console.log('Live: skipped, it takes root')
    return
  }
  const work = mkdtempSync(join(tmpdir(), 'falc-bench-'))
  try {
    for (const load of LOADS) {
      console.log(`Live, under ${load.name}`)
      runLoad(load.script, work)
      for (const set of ['stable', 'all'] as const) await compareUnder(load, set, work)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function compareUnder(load: Load, set: 'stable' | 'all', work: string): Promise<void> {
  const watching = watchers(syscallRules(set), work)
  const alone: number[] = []
  const costs = watching.map((): Cost[] => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (let run = 1; run < load.runs; run++) alone.push(runLoad(load.script, work))
    for (const [i, one] of watching.entries()) costs[i]!.push(await watch(one, load, work))
  }
  for (const [i, { name }] of watching.entries()) {
    const own = costs[i]!
    const label = (what: string) => `${load.name}, ${set} rules, ${name}: ${what}`
    const cpu = (what: string, values: readonly number[]) =>
      report(label(what), `${median(values).toFixed(2)} s`, '', `best ${Math.min(...values).toFixed(2)} s`)
    cpu(
      'CPU before the load',
      own.map(({ start }) => start),
    )
    cpu(
      'CPU, first run',
      own.map(({ first }) => first),
    )
    cpu(
      'CPU, later runs',
      own.flatMap(({ later }) => later),
    )
    report(label('memory, all processes'), `${median(own.map(({ memory }) => memory)).toFixed(0)} MiB`)
    const loads = own.flatMap(cost => cost.load)
    const best = times(Math.min(...loads) / Math.min(...alone))
    report(label('CPU of the load beside that without'), times(median(loads) / median(alone)), '', `best ${best}`)
    report(label('drops'), [...new Set(own.map(({ drops }) => drops))].join(', '))
  }
}
