/**
 * Live: what watching costs. Each load runs alone and under a watcher that has just been started, in turn; counted are the CPU
 * seconds of the watcher's processes from their start on, those of the load with and without, and what was dropped. A `falco`
 * on PATH (or named by FALC_PEER_FALCO) takes its turn beside falc. FALC_BENCH_WORKLOAD names another script than
 * workload.sh. Needs root, the native parts (pnpm run build:native) and a machine that is otherwise quiet.
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

const ROUNDS = 3

const LOADS = [
  { name: 'workload', script: process.env.FALC_BENCH_WORKLOAD ?? join(root, 'bench/workload.sh') },
  { name: 'storm', script: join(root, 'bench/storm.sh') },
]

/** How a watcher is started, and what it says once events flow. */
interface Watching {
  readonly name: string
  readonly command: readonly string[]
  readonly ready: RegExp
}

interface Cost {
  /** CPU seconds from the process's start, and of these the ones before the load began. */
  readonly seconds: number
  readonly start: number
  /** MiB. */
  readonly memory: number
  /** CPU seconds of the load. */
  readonly load: number
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

async function watch({ name, command, ready }: Watching, script: string, work: string): Promise<Cost> {
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
  const load = runLoad(script, work)
  await sleep(500)
  const seconds = cpuOf(pids)
  const memory = peakOf(pids)
  await ended(child)
  return { seconds, start, memory, load, drops: dropsIn(log) }
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
  return [
    { name: 'falc', command: [join(root, 'falc'), 'run', ...files], ready: /Opening event source/ },
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
    for (const { name, script } of LOADS) {
      console.log(`Live, under ${name}`)
      runLoad(script, work)
      for (const set of ['stable', 'all'] as const) await compareUnder(script, set, work)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function compareUnder(script: string, set: 'stable' | 'all', work: string): Promise<void> {
  const watching = watchers(syscallRules(set), work)
  const alone: number[] = []
  const costs = watching.map((): Cost[] => [])
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(runLoad(script, work))
    for (const [i, one] of watching.entries()) costs[i]!.push(await watch(one, script, work))
  }
  for (const [i, { name }] of watching.entries()) {
    const own = costs[i]!
    const of = (what: (cost: Cost) => number) => median(own.map(what))
    const label = (what: string) => `${set} rules, ${name}: ${what}`
    const spread = own.map(({ seconds }) => seconds.toFixed(2)).join(' ')
    report(label('CPU, start included'), `${of(cost => cost.seconds).toFixed(2)} s`, '', `each: ${spread}`)
    report(label('of it start'), `${of(cost => cost.start).toFixed(2)} s`)
    report(label('memory, all processes'), `${of(cost => cost.memory).toFixed(0)} MiB`)
    report(label('CPU of the load beside that without'), times(of(cost => cost.load) / median(alone)))
    report(label('drops'), [...new Set(own.map(({ drops }) => drops))].join(', '))
  }
}
