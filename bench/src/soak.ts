/**
 * A soak: falc watches this machine in a memory cgroup of 512 MiB while a workload runs and an intruder reads /etc/shadow over and
 * over. Of its outputs one program never reads, one server is not there, and one file is on a full disk; standard output works. It must not
 * crash, its memory must stay flat, and every alert must be delivered or counted as lost.
 *
 *   node bench/src/soak.ts [MINUTES]      30 by default; needs root, the native parts and a memory cgroup (v1 or v2)
 *
 * Exits with 1 when something of that does not hold.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './files.ts'

const LIMIT = 512 << 20
/** Bytes of the full disk: a few alerts, then none. */
const DISK = 64 << 10
/** Reads of /etc/shadow each second: an alert each. */
const READS = 100
/** Seconds until what is kept once is there: code, tables, queues that are full. */
const WARM_UP = 0.4

const minutes = Number(process.argv[2] ?? 30)
if (!(minutes > 0)) throw new Error('usage: soak.ts [MINUTES]')

const work = mkdtempSync(join(tmpdir(), 'falc-soak-'))
const disk = join(work, 'disk')
const children: ChildProcess[] = []
const v1 = '/sys/fs/cgroup/memory'
const group = join(existsSync(v1) ? v1 : '/sys/fs/cgroup', `falc-soak-${process.pid}`)
const setting = (name: { v1: string; v2: string }) => join(group, existsSync(v1) ? name.v1 : name.v2)

/** Anonymous memory of all processes in the group, in bytes: what is not cache. */
function used(): number {
  const stat = readFileSync(join(group, 'memory.stat'), 'utf8')
  return Number(/^(?:total_rss|anon) (\d+)$/m.exec(stat)![1])
}

function configure(): string {
  const path = join(work, 'falco.yaml')
  writeFileSync(
    path,
    `rules_files: [${join(root, 'rules/syscall.yaml')}]
json_output: true
outputs_queue: { max_bytes: 8388608 }
stdout_output: { enabled: true }
file_output: { enabled: true, keep_alive: true, filename: ${join(disk, 'alerts')} }
program_output: { enabled: true, keep_alive: true, program: exec sleep 1000000 }
http_output: { enabled: true, url: 'http://127.0.0.1:9/' }
`,
  )
  return path
}

function start(command: string, ...args: string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return child
}

/** Alerts not delivered, by output, of falc's report at its end. */
function lostOf(report: string): Map<string, number> {
  const lost = new Map<string, number>()
  for (const [, output, count] of report.matchAll(/^ +(\w+)(?: output)?: [\w ]+: (\d+)$/gm))
    lost.set(output!, (lost.get(output!) ?? 0) + Number(count))
  return lost
}

async function soak(): Promise<string[]> {
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk])
  mkdirSync(group)
  writeFileSync(setting({ v1: 'memory.limit_in_bytes', v2: 'memory.max' }), String(LIMIT))

  const run = [join(root, 'falc'), 'run', '-c', configure()].map(word => `'${word}'`).join(' ')
  const falc = start('sh', '-c', `echo $$ >${join(group, 'cgroup.procs')}; exec ${run}`)
  let delivered = 0
  falc.stdout!.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) delivered++
  })
  let log = ''
  falc.stderr!.on('data', chunk => void (log += chunk))
  const ended = new Promise<number | null>(resolve => falc.once('close', resolve))
  let gone = false
  void ended.then(() => (gone = true))
  while (!/Opening event source|detecting/i.test(log)) {
    if (gone) throw new Error(`falc did not start:\n${log}`)
    await sleep(100)
  }

  const load = `while :; do bash ${join(root, 'bench/workload.sh')} ${join(work, 'load')}; rm -rf ${join(work, 'load')}; done`
  start('setsid', 'nice', 'bash', '-c', `${load} >/dev/null 2>&1`)
  start('setsid', 'bash', '-c', `while :; do : </etc/shadow; sleep ${1 / READS}; done`)

  const samples: number[] = []
  const end = Date.now() + minutes * 60_000
  while (Date.now() < end && !gone) {
    samples.push(used())
    await sleep(1000)
  }
  for (const child of children.slice(1)) process.kill(-child.pid!, 'SIGKILL')
  const wrong = gone ? [`falc ended by itself:\n${log.slice(-2000)}`] : []
  const peak = Number(readFileSync(setting({ v1: 'memory.max_usage_in_bytes', v2: 'memory.peak' }), 'utf8'))
  falc.kill('SIGTERM')
  const code = await ended
  if (!gone && code !== 0) wrong.push(`falc ended with ${code}`)

  const from = Math.floor(samples.length * WARM_UP)
  const rest = samples.slice(from)
  const half = rest.length >> 1
  const [before, after] = [median(rest.slice(0, half)), median(rest.slice(half))]
  console.log(
    `memory after warm-up: ${mib(before)}, later ${mib(after)}; peak with cache ${mib(peak)} of ${mib(LIMIT)}`,
  )
  const minutely = samples.filter((_, i) => i % 60 === 59).map(bytes => (bytes / 1048576).toFixed(0))
  console.log(`by minute, in MiB: ${minutely.join(' ')}`)
  if (after > before * 1.1 + (8 << 20)) wrong.push('memory grows')
  const lost = lostOf(log)
  const lines = existsSync(join(disk, 'alerts')) ? readFileSync(join(disk, 'alerts'), 'utf8').split('\n') : ['']
  console.log(`alerts on standard output: ${delivered}; lines on the full disk: ${lines.length - 1}`)
  console.log(`counted as lost: ${[...lost].map(([name, count]) => `${name} ${count}`).join(', ')}`)
  if (lines.at(-1) !== '') wrong.push('half a line on the full disk')
  if ((lost.get('file') ?? 0) + lines.length - 1 !== delivered)
    wrong.push('file: delivered + lost is not what was sent')
  if ((lost.get('http') ?? 0) !== delivered) wrong.push('http: lost is not what was sent')
  console.log(log.slice(-1500))
  return wrong
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
const mib = (bytes: number) => `${(bytes / 1048576).toFixed(0)} MiB`
const sleep = (ms: number) => new Promise(done => setTimeout(done, ms))

let wrong: string[] = []
try {
  wrong = await soak()
} finally {
  for (const child of children) child.kill('SIGKILL')
  await sleep(500)
  try {
    execFileSync('umount', [disk])
    rmdirSync(group)
  } catch (error) {
    console.error(`not cleaned up: ${(error as Error).message}`)
  }
  rmSync(work, { recursive: true, force: true })
}
for (const line of wrong) console.error(`soak: ${line}`)
console.log(wrong.length === 0 ? `soak: ${minutes} minutes, all holds` : 'soak: failed')
process.exitCode = wrong.length === 0 ? 0 : 1
