/** falc-signal as built. It needs Linux, and root for processes other than its own. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { until } from '../../../scripts/testing/wait.ts'

const HELPER = resolve(import.meta.dirname, '../../sources-syscall/native/.output/falc-signal')

function missing(): string | undefined {
  if (!existsSync(HELPER)) return 'falc-signal is not built (npm run build:native)'
  return process.getuid?.() === 0 ? undefined : 'signals to other processes need root'
}

const NOW = () => String(BigInt(Date.now()) * 1_000_000n)

const stateOf = (pid: number) => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

function signal(...args: string[]): [code: number | null, said: string] {
  const { status, stdout } = spawnSync(HELPER, args, { encoding: 'utf8' })
  return [status, stdout.trim()]
}

/** A shell that has started a shell that has started two processes. */
async function tree(): Promise<number[]> {
  const child = spawn('sh', ['-c', 'sh -c "sleep 1000 & sleep 1000 & wait" & wait'], { stdio: 'ignore' })
  onTestFinished(() => void signal('KILL', String(child.pid), '--before', NOW(), '--tree'))
  const all = () => {
    const [inner] = childrenOf(child.pid!)
    return inner === undefined ? [] : [child.pid!, inner, ...childrenOf(inner)]
  }
  return until('four processes', () => (all().length === 4 ? all() : undefined))
}

/** The kernel counts start times in hundredths of a second. */
const old = (pid: number) =>
  until('it is older than a tick', () => signal('CHECK', String(pid), '--before', NOW())[0] === 0)

describe.skipIf(skipped('live', missing()))('falc-signal', () => {
  test('stops, continues and kills a tree', async () => {
    const pids = await tree()
    await old(pids[0]!)
    const call = (name: string) => signal(name, String(pids[0]), '--before', NOW(), '--tree')
    expect(call('STOP')).toEqual([0, '4 processes'])
    await until('all are stopped', () => pids.every(pid => stateOf(pid) === 'T'))
    expect(call('CONT')).toEqual([0, '4 processes'])
    await until('all go on', () => pids.every(pid => stateOf(pid) === 'S'))
    expect(call('KILL')).toEqual([0, '4 processes'])
    await until('all have ended', () => pids.every(pid => !existsSync(`/proc/${pid}`) || stateOf(pid) === 'Z'))
  })

  test('a process younger than the alert, or with another start time, is not signalled', async () => {
    const earlier = NOW()
    const [pid] = await tree()
    const long = String(BigInt(earlier) - 1_000_000_000n)
    expect(signal('KILL', String(pid), '--before', long)).toEqual([3, 'another process has this pid by now'])
    expect(signal('KILL', String(pid), '--before', NOW(), '--started', long)[0]).toBe(3)
    expect(stateOf(pid!)).toBe('S')
  })

  test.for([
    ['process 1', '1', [4, 'process 1']],
    ['an ancestor of falc-signal', String(process.pid), [4, "falc's own"]],
    ['a kernel thread', '2', [4, 'a thread of the kernel']],
  ] as const)('%s is left alone', ([, pid, expected], { skip }) => {
    // Machines where process 2 is not a kernel thread hide those.
    const isHidden = !existsSync('/proc/2/stat') || readFileSync('/proc/2/comm', 'utf8') !== 'kthreadd\n'
    if (pid === '2' && isHidden) skip('kernel threads are hidden here')
    expect(signal('CHECK', pid, '--before', NOW())).toEqual(expected)
  })

  test('a service of root is left alone on the host, but not in a container', async () => {
    const child = spawn('sh', ['-c', 'printf sshd > /proc/$$/comm; echo; while :; do sleep 1000; done'])
    onTestFinished(() => void child.kill('SIGKILL'))
    await new Promise(done => child.stdout.once('data', done))
    const pid = String(child.pid)
    await until('it is older than a tick', () => signal('CHECK', pid, '--before', NOW())[0] !== 6)
    expect(signal('KILL', pid, '--before', NOW(), '--host')).toEqual([4, 'a service of the machine'])
    expect(signal('CHECK', pid, '--before', NOW())).toEqual([0, '1 process'])
  })

  test.each([
    [[]],
    [['HUP', '4711', '--before', '1']],
    [['KILL', '0', '--before', '1']],
    [['KILL', '-1', '--before', '1']],
    [['KILL', '4711', '--before', '0']],
    [['KILL', '4711', '--after', '1', '1']],
  ])('refuses %j', args => expect(signal(...args)[0]).toBe(2))

  describe('recycled pids', () => {
    const work = mkdtempSync(join(tmpdir(), 'falc-recycle-'))
    const recycle = join(work, 'recycle')
    beforeAll(() => {
      execFileSync('cc', ['-O1', '-D_GNU_SOURCE', '-o', recycle, join(import.meta.dirname, 'recycle.c')])
    })
    afterAll(() => rmSync(work, { recursive: true }))

    test.each([
      ['identified by the time of the alert', '100', '0'],
      ['identified by their start time', '40', '30'],
    ])('%s: only the intended process is killed', (_, generations, shortest) => {
      const { status, stdout } = spawnSync(recycle, [HELPER, generations, shortest], { encoding: 'utf8' })
      expect([status, stdout]).toEqual([0, expect.stringMatching(/^killed \d+, refused [1-9]\d* of \d+, wrong 0\n$/)])
    })
  })
})
