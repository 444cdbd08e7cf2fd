/** SIGTERM stops falc, whatever the programs of its outputs do and whatever other signals arrive. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { type Started, startFalc } from './process.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-stop-'))
afterAll(() => rmSync(dir, { recursive: true }))

const ALERTS = 3000
writeFileSync(
  join(dir, 'rules.yaml'),
  '- {rule: r, desc: d, condition: ka.verb = get, output: "x %ka.user.name", priority: INFO, source: k8s_audit}',
)
const event = { kind: 'Event', auditID: '1', verb: 'get', user: { username: 'u'.repeat(500) } }
writeFileSync(join(dir, 'audit.jsonl'), `${JSON.stringify(event)}\n`.repeat(ALERTS))

let falc: Started | undefined
/** Process IDs of the program, to be killed if a test leaves them. */
let started: number[] = []
afterEach(async () => {
  falc?.child.kill('SIGKILL')
  for (const pid of started.filter(alive)) process.kill(pid, 'SIGKILL')
  await falc?.exit
})

/** Starts falc with a program that reads nothing and writes the pids of its processes. @returns the pids */
async function start(program: string, timeout: number, processes = 1): Promise<number[]> {
  const pids = join(dir, 'pids')
  writeFileSync(pids, '')
  const options = [
    'program_output.enabled=true',
    'program_output.keep_alive=true',
    `program_output.program=${program.replaceAll('PIDS', pids)}`,
    `output_timeout=${timeout}`,
  ]
  falc = startFalc(
    ['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl', '--follow', ...options.flatMap(one => ['-o', one])],
    dir,
  )
  const read = () => readFileSync(pids, 'utf8').split('\n').filter(Boolean).map(Number)
  await until('the program', () => read().length >= processes)
  started = read()
  // More than a socket holds: the program is blocked.
  await until('alerts', () => falc!.output.stdout.length > 400_000)
  return started
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // A zombie has exited.
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const PROGRAMS = [
  ['blocks', 1, 'echo $$ >>PIDS; exec sleep 1000'],
  ['ignores SIGTERM', 1, 'trap "" TERM INT HUP; echo $$ >>PIDS; while :; do sleep 1000; done'],
  ['has children', 3, 'sleep 1000 & echo $! >>PIDS; (trap "" TERM; sleep 1000) & echo $! >>PIDS; echo $$ >>PIDS; wait'],
] as const

test.each(PROGRAMS)('SIGTERM stops falc and a program that %s', async (_, processes, program) => {
  const pids = await start(program, 300, processes)
  falc!.child.kill('SIGTERM')
  expect(await falc!.exit).toBe(0)
  expect(falc!.output.stderr).toContain('program: output still blocked, discarding all remaining notifications')
  const lost = /program: shutdown: (\d+)/.exec(falc!.output.stderr)
  expect(Number(lost![1])).toBeGreaterThan(0)
  // None of its processes is left, and none was restarted.
  await until('the end of its processes', () => !pids.some(alive))
  expect(readFileSync(join(dir, 'pids'), 'utf8').split('\n').filter(Boolean)).toHaveLength(pids.length)
})

test('a second SIGTERM does not wait for the outputs', async () => {
  const pids = await start('echo $$ >>PIDS; exec sleep 1000', 1_000_000)
  falc!.child.kill('SIGTERM')
  await falc!.sees('SIGTERM received, exiting...')
  falc!.child.kill('SIGTERM')
  expect(await falc!.exit).toBe(0)
  await until('the end of its processes', () => !pids.some(alive))
})

test('SIGHUP and SIGUSR1 around SIGTERM neither block the exit nor lose alerts on stdout', async () => {
  await start('echo $$ >>PIDS; exec sleep 1000', 1000)
  for (let i = 0; i < 20; i++) falc!.child.kill('SIGHUP')
  falc!.child.kill('SIGTERM')
  await falc!.sees('SIGTERM received, exiting...')
  for (let i = 0; i < 20; i++) for (const signal of ['SIGUSR1', 'SIGHUP'] as const) falc!.child.kill(signal)
  expect(await falc!.exit).toBe(0)
  const { stdout, stderr } = falc!.output
  expect(stdout.split('\n').length - 1).toBe(Number(/Events detected: (\d+)/.exec(stderr)![1]))
})
