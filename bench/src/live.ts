/**
 * Live: what watching costs. The workload of bench/workload.sh runs alone and under `falc run`, in turn; counted are the CPU
 * seconds of engine and sidecar while it runs, those of the workload with and without, and what was dropped. Needs root, the
 * native parts (pnpm run build:native) and a machine that is otherwise quiet.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RulesFile } from '@falc/engine'
import { root, syscallRules } from './files.ts'
import { report, times } from './measure.ts'

const ROUNDS = 3

/** Clock ticks per second of /proc/PID/stat. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** CPU seconds, user and system, that a process has used. */
function cpu(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** Processes whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(child => {
      try {
        return (
          Number(
            readFileSync(`/proc/${child}/stat`, 'utf8')
              .replace(/^.*\) /, '')
              .split(' ')[1],
          ) === pid
        )
      } catch {
        return false
      }
    })
}

/** CPU seconds of one run of the workload. */
function workload(work: string): number {
  const script = '"$@" >/dev/null 2>&1; times'
  const folder = join(work, 'workload')
  const { stdout } = spawnSync('bash', ['-c', script, 'bash', join(root, 'bench/workload.sh'), folder], {
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true, force: true })
  const match = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(stdout)
  if (!match) throw new Error('the workload did not run')
  return Number(match[1]) * 60 + Number(match[2]) + Number(match[3]) * 60 + Number(match[4])
}

interface Watcher {
  readonly child: ChildProcess
  /** Engine and sidecar. */
  readonly pids: readonly number[]
  readonly log: () => string
}

async function watch(rules: readonly RulesFile[], work: string): Promise<Watcher> {
  const files = rules.map(({ content }, i) => {
    const path = join(work, `${i}.yaml`)
    writeFileSync(path, content)
    return ['-r', path]
  })
  const child = spawn(join(root, 'falc'), ['run', ...files.flat()], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr!.on('data', data => void (log += data))
  const deadline = Date.now() + 20_000
  while (!log.includes('Opening event source') || childrenOf(child.pid!).length === 0) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`falc did not start:\n${log}`)
    await new Promise(done => setTimeout(done, 100))
  }
  await new Promise(done => setTimeout(done, 1500)) // the picture of /proc is taken
  return { child, pids: [child.pid!, ...childrenOf(child.pid!)], log: () => log }
}

async function stop({ child, log }: Watcher): Promise<string> {
  const ended = new Promise(done => child.on('close', done))
  child.kill('SIGINT')
  await ended
  return log()
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

export async function benchLive(): Promise<void> {
  if (process.getuid?.() !== 0) {
    console.log('Live: skipped, it takes root')
    return
  }
  const work = mkdtempSync(join(tmpdir(), 'falc-bench-'))
  try {
    workload(work)
    console.log('Live, under bench/workload.sh')
    for (const set of ['stable', 'all'] as const) {
      const alone: number[] = []
      const under: number[] = []
      const watching: number[] = []
      const watcher = await watch(syscallRules(set), work)
      for (let i = 0; i < ROUNDS; i++) {
        const before = watcher.pids.map(cpu).reduce((a, b) => a + b)
        under.push(workload(work))
        watching.push(watcher.pids.map(cpu).reduce((a, b) => a + b) - before)
      }
      const log = await stop(watcher)
      for (let i = 0; i < ROUNDS; i++) alone.push(workload(work))
      const drops = /drop[^\n]*/i.exec(log)?.[0] ?? 'none'
      report(`${set} rules: CPU of engine and sidecar, first run`, `${watching[0]!.toFixed(2)} s`)
      report(`${set} rules: the same, median of ${ROUNDS}`, `${median(watching).toFixed(2)} s`)
      report(`${set} rules: CPU of the workload beside that without`, times(median(under) / median(alone)))
      report(`${set} rules: drops`, drops)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
