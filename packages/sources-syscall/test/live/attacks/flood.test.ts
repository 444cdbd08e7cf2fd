/** Processes that flood the rings with any call (flood.c): events of other processes are seen, and losses are counted. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { PPME } from '../../../src/events/ids.ts'
import { type Live, openLive } from '../../../src/live/open-live.ts'
import { bpftool, caughtUp, childOf, missing, until } from '../machine.ts'

const reason = missing()
const folder = mkdtempSync(join(tmpdir(), 'falc-flood-'))
const program = join(folder, 'flood')

beforeAll(() => {
  if (reason === undefined) execFileSync('cc', ['-pthread', join(import.meta.dirname, 'flood.c'), '-o', program])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Unique to this run of the test: others may run beside it. */
const VICTIM = `falc-victim-${process.pid}`

interface Flood {
  readonly call: string
  readonly processes: number
  /** Per process. */
  readonly threads: number
  /** Default: root. */
  readonly user?: number
}

const flood = (call: string, processes = 1, threads = 4, user = 0): Flood => ({ call, processes, threads, user })

interface Seen {
  readonly opens: number
  readonly execs: number
  /** Events dropped meanwhile because their process flooded, or shares an account with one that did. */
  readonly flooding: number
  /** Events of any process for which a ring had no room. */
  readonly noRoom: number
  /** 0 = the victim did all that it was meant to do. */
  readonly exitCode: number | null
}

const NO_ROOM = ['dropPressure', 'dropFull', 'dropFullFirst'] as const

/** What an engine sees of a victim that starts once the flood has cost events, or has gone on for a while. */
async function victimOf(live: Live, { call, processes, threads, user }: Flood): Promise<Seen> {
  const opened = new Set<string>()
  let execs = 0
  let end: bigint | undefined
  const before = { ...live.counts }
  const take = async () => {
    while (live.next()) {
      const { event } = live
      if (event.type === PPME.SYSCALL_OPENAT_2_X) {
        const name = event.text(2)
        if (name.startsWith(`/etc/${VICTIM}-`)) opened.add(name)
      } else if (event.type === PPME.SYSCALL_EXECVE_19_X && event.thread?.exe === VICTIM) execs++
    }
    await live.fill()
  }
  const lost = () => ({
    flooding: live.counts.dropFlood - before.dropFlood,
    noRoom: NO_ROOM.reduce((sum, cause) => sum + live.counts[cause] - before[cause], 0),
  })
  // Both are started before the flood: starting a process takes long on a busy machine.
  const victim = spawn(program, ['victim', '100', VICTIM], { stdio: ['pipe', 'ignore', 'inherit'] })
  const command = [program, 'wait', call, '120', `${processes}`, `${threads}`, `${user}`]
  // A shell in between, so that it is not the victim's sibling: siblings share an account.
  const flooding: ChildProcess = spawn('sh', ['-c', '"$@"; exit', 'sh', ...command], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  })
  victim.on('exit', () => {
    end = BigInt(Date.now()) * 1_000_000n
  })
  try {
    flooding.stdin!.write('\n')
    const from = live.counts.events
    await until('a flood', async () => {
      await take()
      return lost().flooding + lost().noRoom > 0 || live.counts.events - from > 300_000
    })
    victim.stdin!.write('\n')
    await until('the end of the victim', async () => {
      await take()
      return end !== undefined
    })
    const allRead = caughtUp(live)
    await until('all that it did', async () => {
      await take()
      return (opened.size === 100 && execs === 10) || allRead(end)
    })
    return { opens: opened.size, execs, exitCode: victim.exitCode, ...lost() }
  } finally {
    process.kill(-flooding.pid!, 'SIGKILL')
    victim.kill('SIGKILL')
  }
}

/** For a flood that shares no account with the victim: the victim loses events only where a ring has no room. */
async function seen(live: Live, flood: Flood): Promise<void> {
  const seen = await victimOf(live, flood)
  expect(seen).toMatchObject({ execs: 10, exitCode: 0 })
  expect(seen.opens + seen.noRoom, JSON.stringify(seen)).toBeGreaterThanOrEqual(100)
}

/** What holds for siblings of many flooding processes, and for small rings: each open is seen or counted as lost. */
async function seenOrCounted(live: Live, flood: Flood): Promise<void> {
  const seen = await victimOf(live, flood)
  expect(seen).toMatchObject({ execs: 10, exitCode: 0 })
  expect(seen.opens + seen.flooding + seen.noRoom, JSON.stringify(seen)).toBeGreaterThanOrEqual(100)
}

interface Account {
  readonly key: { readonly kind: number; readonly uid: number; readonly pid: number }
  readonly value: { readonly marks: number; readonly given: number }
}

/** The values in a map of our BPF programs. */
function valuesOf(name: string): unknown[] {
  // Another falc on this machine may have such a map, too: ours is the newest.
  const maps: { id: number }[] = [JSON.parse(bpftool('map', 'show', 'name', name))].flat()
  const id = Math.max(...maps.map(map => map.id))
  const values: { formatted: unknown }[] = JSON.parse(bpftool('map', 'dump', 'id', String(id)))
  return values.map(({ formatted }) => formatted)
}

/** Marks of the user's processes in one control group: the most that any such account has. */
function marksOfOwner(): number {
  const accounts = valuesOf('accounts') as Account[]
  return Math.max(...accounts.map(({ key, value }) => (key.kind === OF_OWNER && key.uid === OWNER ? value.marks : 0)))
}

/** Whether a process counts as flooding: the marks that it gave to larger accounts have been taken back. */
function hasFlooded(pid: number): boolean {
  const accounts = valuesOf('accounts') as Account[]
  return accounts.some(
    ({ key, value }) => key.kind === OF_PROCESS && key.pid === pid && value.marks >= MANY && value.given === 0,
  )
}

/** enum account_kind */
const OF_PROCESS = 0
const OF_OWNER = 2
/** A user for this test only: no other flood on this machine is by this user. */
const OWNER = 54321
/** MANY_MARKS: an owner with that many is flooding. */
const MANY = 8

test.skipIf(reason !== undefined)('successive floods do not add up to a flood by their owner', async () => {
  const live = await openLive()
  onTestFinished(() => live.close())
  for (let n = 0; n < 6; n++) {
    const run = ['-c', '"$@"; exit', 'sh', program, 'wait', 'close', '120', '1', '4', `${OWNER}`]
    const flooding = spawn('sh', run, { stdio: ['pipe', 'ignore', 'inherit'], detached: true })
    flooding.stdin.write('\n')
    try {
      // Other processes may flood meanwhile: a counted loss need not be due to this one.
      await until('a flood', async () => {
        while (live.next());
        await live.fill()
        const pid = childOf(flooding.pid!)
        return pid !== undefined && hasFlooded(pid)
      })
    } finally {
      process.kill(-flooding.pid!, 'SIGKILL')
    }
  }
  expect(marksOfOwner()).toBeLessThan(MANY)
})

describe.skipIf(reason !== undefined)('a flood, with rings of the default size', () => {
  let live: Live
  beforeAll(async () => {
    live = await openLive()
  })
  afterAll(() => live?.close())

  test.each([
    flood('openat'),
    flood('long'),
    flood('unlinkat'),
    flood('close'),
    flood('close_range'),
    flood('cloexec', 1, 2),
    flood('rename'),
    flood('stat'),
    flood('dup'),
    flood('prctl'),
    flood('setuid'),
    flood('chdir', 1, 300),
    flood('crowd', 1, 2),
    flood('execve'),
    flood('socket'),
    flood('threads', 1, 2),
    flood('ends', 1, 2),
    flood('openat', 10, 2, 65534),
    flood('fork', 10, 2, 65534),
  ])('of $call by $processes × $threads threads of user $user silences no other process', flood => seen(live, flood))

  test.each([flood('orphans', 1, 2), flood('fork'), flood('exec'), flood('openat', 10, 2), flood('exec', 10, 2)])(
    'of $call by processes of the victim’s user: the victim’s execs are seen, its opens are seen or counted as lost',
    flood => seenOrCounted(live, flood),
  )
})

describe.skipIf(reason !== undefined)('a flood, with small rings', () => {
  let live: Live
  beforeAll(async () => {
    live = await openLive({ ringBytes: 1 << 20 })
  })
  afterAll(() => live?.close())

  test.each([flood('openat'), flood('unlinkat'), flood('execve'), flood('exec'), flood('openat', 10, 2)])(
    'of $call by $processes processes: the victim’s execs are seen, its opens are seen or counted as lost',
    flood => seenOrCounted(live, flood),
  )
})
