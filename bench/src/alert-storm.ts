/**
 * A storm of alerts into an output that takes 200 a second: falc reads audit events from a pipe, each of which raises an alert, in a
 * memory cgroup of 512 MiB. A file takes every alert, and a server takes 200 a second of them, from a queue in memory, from one on disk
 * and with collapsing. Memory must stay in bounds, every alert must be delivered, waiting, collapsed or counted as lost, and events
 * must not wait for the server, which is a process of its own.
 *
 *   node bench/src/alert-storm.ts [ALERTS]      1,000,000 by default; needs root and a memory cgroup (v1 or v2)
 *
 * Exits with 1 when something of that does not hold. Times are CPU times, of the main thread and of the process. Other work on the machine
 * changes them, too: what is compared takes turns, and the median of the turns' ratios counts.
 */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './files.ts'
import { report, times } from './measure.ts'
import { record } from './record.ts'

const PER_SECOND = 200

if (process.argv[2] === 'server') await serve()

/** The server: one request after the other, 200 a second. Ends with the process that started it. */
async function serve(): Promise<never> {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', async () => {
      await sleep(1000 / PER_SECOND)
      response.end()
    })
  })
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port))
  await once(process, 'disconnect')
  process.exit()
}

const LIMIT = 512 << 20
const [given] = process.argv.slice(2).filter(arg => arg !== '--record')
const count = Number(given ?? 1_000_000)
if (!(count >= 1000)) throw new Error('usage: alert-storm.ts [ALERTS], at least 1000')

const work = mkdtempSync(join(tmpdir(), 'falc-storm-'))
const v1 = '/sys/fs/cgroup/memory'
const group = join(existsSync(v1) ? v1 : '/sys/fs/cgroup', `falc-storm-${process.pid}`)
const setting = (name: { v1: string; v2: string }) => join(group, existsSync(v1) ? name.v1 : name.v2)

const server = fork(import.meta.filename, ['server'])
const [port] = await once(server, 'message')
const url = `http://127.0.0.1:${port}/`

const SLOW = `name: slow, type: webhook, url: "${url}", requests: 1`
const ALONE = 'the file alone'
const BESIDE = 'a slow server, queue in memory'
/** Turns of the two that are compared; in every other one, the server comes first. */
const TURNS = 9
const RUNS: Readonly<Record<string, string>> = {
  [ALONE]: '',
  [BESIDE]: `{ ${SLOW} }`,
  'queue on disk': `{ ${SLOW}, queue: { disk: ${join(work, 'queue')}, max_alerts: ${2 * count}, max_bytes: 4GiB } }`,
  'collapsed by rule and user': `{ ${SLOW}, collapse: { by: [alert.rule, ka.user.name], window: 1h } }`,
}

const events = Array.from(
  { length: 1000 },
  (_, i) =>
    `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"%","stage":"ResponseComplete","verb":"get","user":{"username":"u${i % 50}"},"objectRef":{"resource":"secrets","namespace":"shop","name":"s${i}"},"stageTimestamp":"2026-05-04T10:20:30.000000Z"}\n`,
)

interface Run {
  /** Seconds until every event was evaluated: of the main thread, and of all. */
  readonly cpu: number
  readonly whole: number
  readonly peak: number
  /** Of the output `slow`, by series. */
  readonly slow: Readonly<Record<string, number>>
  readonly log: string
}

async function storm(outputs: string): Promise<Run> {
  const config = join(work, 'falco.yaml')
  writeFileSync(
    join(work, 'rules.yaml'),
    '- {rule: r, desc: d, condition: ka.verb = get, output: "user=%ka.user.name name=%ka.target.name", priority: WARNING, source: k8s_audit}\n',
  )
  writeFileSync(
    config,
    `rules_files: [${join(work, 'rules.yaml')}]
json_output: true
stdout_output: { enabled: false }
file_output: { enabled: true, keep_alive: true, filename: ${join(work, 'alerts')} }
webserver: { enabled: true, listen_port: 0, listen_address: 127.0.0.1, prometheus_metrics_enabled: true }
metrics: { enabled: true, interval: 1h, include_empty_values: true }
outputs: [${outputs}]
`,
  )
  rmSync(join(work, 'alerts'), { force: true })
  mkdirSync(group)
  writeFileSync(setting({ v1: 'memory.limit_in_bytes', v2: 'memory.max' }), String(LIMIT))
  const command = `echo $$ >${join(group, 'cgroup.procs')}; exec '${join(root, 'falc')}' run -c '${config}' --k8s-audit -`
  const falc = spawn('sh', ['-c', command], { stdio: ['pipe', 'ignore', 'pipe'] })
  let log = ''
  falc.stderr.on('data', chunk => void (log += chunk))
  const metrics = async () => {
    const server = /webserver, listening on (\S+)/.exec(log)?.[1]
    const response = server && (await fetch(`${server}/metrics`).catch(() => undefined))
    return response ? response.text() : ''
  }
  const running = () => {
    if (falc.exitCode !== null) throw new Error(`falc ended:\n${log}`)
  }
  try {
    for (; (await metrics()) === ''; await sleep(50)) running()
    for (let sent = 0; sent < count; ) {
      let chunk = ''
      for (let i = 0; i < 1000 && sent < count; i++) chunk += events[i]!.replace('%', String(sent++))
      if (!falc.stdin.write(chunk)) await once(falc.stdin, 'drain')
    }
    for (;;) {
      const page = await metrics()
      if (/rules_matches_total\{[^}]*rule_name="r"[^}]*\} (\d+)/.exec(page)?.[1] === String(count)) break
      running()
      await sleep(20)
    }
    const [cpu, whole] = [cpuOf(`${falc.pid}/task/${falc.pid}`), cpuOf(`${falc.pid}`)]
    const page = await metrics()
    const slow: Record<string, number> = {}
    for (const [, series, labels, n] of page.matchAll(/^(falc_\w+)\{([^}]*output="slow"[^}]*)\} (\d+)/gm)) {
      const cause = /cause="(\w+)"/.exec(labels!)?.[1]
      slow[cause === undefined ? series! : `${series} ${cause}`] = Number(n)
    }
    const peak = Number(readFileSync(setting({ v1: 'memory.max_usage_in_bytes', v2: 'memory.peak' }), 'utf8'))
    return { cpu, whole, peak, slow, log }
  } finally {
    falc.kill('SIGKILL')
    if (falc.exitCode === null && falc.signalCode === null) await once(falc, 'close')
    await sleep(300)
    rmdirSync(group)
  }
}

/** Seconds of a process or of one of its threads. */
function cpuOf(task: string): number {
  const fields = readFileSync(`/proc/${task}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

const wrong: string[] = []
try {
  const runs = new Map<string, Run[]>()
  const turns = Array.from({ length: TURNS }, (_, i) => (i % 2 === 0 ? [ALONE, BESIDE] : [BESIDE, ALONE])).flat()
  for (const name of [...turns, ...Object.keys(RUNS).slice(2)]) {
    const outputs = RUNS[name]!
    const run = await storm(outputs)
    const { cpu, whole, peak, slow } = run
    runs.set(name, [...(runs.get(name) ?? []), run])
    console.log(
      `${name}: ${cpu.toFixed(1)} s, ${whole.toFixed(1)} s of all threads, peak ${(peak / 1048576).toFixed(0)} MiB with cache`,
    )
    if (outputs === '') continue
    const lost = Object.entries(slow).filter(([series]) => series.startsWith('falc_alerts_lost_total'))
    const known =
      (slow.falc_outputs_delivered_total ?? 0) +
      (slow.falc_outputs_queue_length ?? 0) +
      (slow.falc_outputs_collapsed_total ?? 0) +
      lost.reduce((sum, [, n]) => sum + n, 0)
    report(`${name}: peak with cache`, `${(peak / 1048576).toFixed(0)} MiB`, 'at most 512 MiB')
    console.log(
      `  delivered ${slow.falc_outputs_delivered_total}, waiting ${slow.falc_outputs_queue_length}, collapsed ${slow.falc_outputs_collapsed_total}, ` +
        `lost ${lost.map(([series, n]) => `${series.split(' ')[1]} ${n}`).join(', ') || 0}, journal ${slow.falc_outputs_journal_bytes} bytes`,
    )
    if (known !== count) wrong.push(`${name}: ${known} of ${count} alerts are accounted for`)
    if (outputs.includes('disk') && lost.some(([, n]) => n > 0)) wrong.push(`${name}: alerts are lost`)
  }
  const ratios = (of: (run: Run) => number) => runs.get(BESIDE)!.map((run, i) => of(run) / of(runs.get(ALONE)![i]!))
  const ratio = median(ratios(({ cpu }) => cpu))
  report(`${BESIDE}: CPU of the main thread beside the file alone`, times(ratio), 'at most 1.1×')
  report(`${BESIDE}: CPU of all threads beside the file alone`, times(median(ratios(({ whole }) => whole))))
  if (process.argv.includes('--record')) record('storm')
  if (ratio > 1.1) wrong.push(`${BESIDE}: events cost ${ratio.toFixed(2)} times as much`)
} finally {
  server.kill()
  rmSync(work, { recursive: true, force: true })
}
for (const line of wrong) console.error(`storm: ${line}`)
console.log(wrong.length === 0 ? `storm: ${count} alerts, all holds` : 'storm: failed')
process.exitCode = wrong.length === 0 ? 0 : 1
