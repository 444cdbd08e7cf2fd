/** `workers: N`: an audit log evaluated by the reading thread, or by one or two workers, each in a separate process. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Engine } from '@falc/engine'
import { type AuditEvent, k8sAudit, openAuditLog, PLUGINS } from '@falc/sources-k8saudit'
import { InOrder, Pool } from '@falc/sources-k8saudit/workers'
import { clusterLog } from './cluster.ts'
import { auditRules } from './files.ts'
import { report, times } from './measure.ts'
import { cpuOf } from './processes.ts'

const EVENTS = 40_000
const ROUNDS = 3
const WARM_UP = 5
/** 0: all in one thread. */
const THREADS = [0, 1, 2]

interface Turn {
  /** Seconds. */
  readonly wall: number
  /** Of all threads, and of the main one. */
  readonly cpu: number
  readonly main: number
}

/** @param sieved whether events that no rule can match are passed over, as they are unless all are asked for */
export async function benchThreads(sieved: boolean): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'falc-bench-'))
  const path = join(dir, 'audit.log')
  writeFileSync(path, `${clusterLog(EVENTS).join('\n')}\n`)
  const children = await Promise.all(THREADS.map(threads => started(path, threads, sieved)))
  try {
    const turns: Turn[][] = THREADS.map(() => [])
    for (let round = 0; round < ROUNDS; round++)
      for (const [i, child] of children.entries()) turns[i]!.push(await turnOf(child))
    const best = (i: number, of: keyof Turn) => Math.min(...turns[i]!.map(turn => turn[of]))
    const what = sieved ? 'events that rules may match parsed' : 'all events parsed'
    report(`${what}, one thread: CPU of an event`, `${((best(0, 'cpu') / EVENTS) * 1e6).toFixed(1)} µs`)
    for (const [i, threads] of THREADS.entries()) {
      if (threads === 0) continue
      report(`${what}, workers: ${threads}: CPU beside one thread`, times(best(i, 'cpu') / best(0, 'cpu')))
      report(`${what}, workers: ${threads}: of it the main thread's`, times(best(i, 'main') / best(0, 'cpu')))
      report(`${what}, workers: ${threads}: throughput beside one thread`, times(best(0, 'wall') / best(i, 'wall')))
    }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(dir, { recursive: true })
  }
}

async function started(path: string, threads: number, sieved: boolean): Promise<ChildProcess> {
  const child = fork(import.meta.filename, [path, String(threads), String(sieved)], { execArgv: process.execArgv })
  await once(child, 'message')
  return child
}

async function turnOf(child: ChildProcess): Promise<Turn> {
  const [start, cpu] = [performance.now(), cpuOf([child.pid!])]
  child.send('go')
  const [main] = (await once(child, 'message')) as [number]
  return { wall: (performance.now() - start) / 1000, cpu: cpuOf([child.pid!]) - cpu, main }
}

/** Seconds. */
function mainCpu(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e6
}

async function child(path: string, threads: number, sieved: boolean): Promise<void> {
  const source = k8sAudit()
  const engine = new Engine({ sources: [source], plugins: PLUGINS, identity: 'bench' })
  const loaded = engine.load(auditRules())
  if (!loaded.ok) throw new Error(loaded.errors[0]!.message)
  const pool =
    threads === 0 ? undefined : await Pool.open({ workers: threads, ruleset: engine.save(), identity: 'bench', sieved })
  const sieve = sieved ? { sieve: () => engine.sieve<AuditEvent>(source) } : {}
  const read = async () => {
    const input = openAuditLog(path, { ...sieve, divided: pool !== undefined })
    const results = pool
      ? new InOrder(input.pieces(), pool, { usable: () => true, stop: () => {} }).results()
      : input.batches()
    for await (const result of results)
      if (Array.isArray(result)) for (const event of result) engine.evaluate(source, event)
  }
  // Compiled before anything is measured, in each thread.
  for (let i = 0; i < WARM_UP; i++) await read()
  process.send!('ready')
  for (;;) {
    await once(process, 'message')
    const before = mainCpu()
    await read()
    process.send!(mainCpu() - before)
  }
}

if (process.argv[1] === import.meta.filename)
  await child(process.argv[2]!, Number(process.argv[3]), process.argv[4] === 'true')
