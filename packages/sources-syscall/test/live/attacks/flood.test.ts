/** A flood of the rings with any call, by one process or many: what others do is seen (flood.c), and what is lost is counted. */
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

/** Of this run of the test, as others may run beside it. */
const VICTIM = `falc-victim-${process.pid}`

interface Flood {
  readonly call: string
  readonly processes: number
  /** In each process. */
  readonly threads: number
  /** Default: root. */
  readonly user?: number
}

const flood = (call: string, processes = 1, threads = 4, user = 0): Flood => ({ call, processes, threads, user })

interface Seen {
  readonly opens: number
  readonly execs: number
  /** Events that were given up meanwhile: of whoever flooded, or has a share with a flood. */
  readonly flooding: number
  /** Events of any process that found no room. */
  readonly noRoom: number
  /** 0 = the victim did all that it was to do. */
  readonly exitCode: number | null
}

const NO_ROOM = ['dropPressure', 'dropFull', 'dropFullFirst'] as const

/** What an engine sees of a victim that starts when the flood has already cost events, or has filled the rings for a while. */
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
  // Both are started before the flood: starting a process takes long on a machine that is busy.
  const victim = spawn(program, ['victim', '100', VICTIM], { stdio: ['pipe', 'ignore', 'inherit'] })
  const command = [program, 'wait', call, '120', `${processes}`, `${threads}`, `${user}`]
  // A shell between makes it no sibling of the victim: siblings have a share in each other's floods.
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

/** A flood that has no share with the victim: no loss of the victim's is one of the flood's. */
async function seen(live: Live, flood: Flood): Promise<void> {
  const seen = await victimOf(live, flood)
  expect(seen).toMatchObject({ execs: 10, exitCode: 0 })
  expect(seen.opens + seen.noRoom, JSON.stringify(seen)).toBeGreaterThanOrEqual(100)
}

/** What is promised to the siblings of many processes that flood, and where the rings are small. */
async function seenOrCounted(live: Live, flood: Flood): Promise<void> {
  const seen = await victimOf(live, flood)
  expect(seen).toMatchObject({ execs: 10, exitCode: 0 })
  expect(seen.opens + seen.flooding + seen.noRoom, JSON.stringify(seen)).toBeGreaterThanOrEqual(100)
}

interface Account {
  readonly key: { readonly kind: number; readonly uid: number; readonly pid: number }
  readonly value: { readonly marks: number; readonly given: number }
}

/** What a map of our programs has. */
function valuesOf(name: string): unknown[] {
  // Another falc on this machine has such a map, too: ours is the newest.
  const maps: { id: number }[] = [JSON.parse(bpftool('map', 'show', 'name', name))].flat()
  const id = Math.max(...maps.map(map => map.id))
  const values: { formatted: unknown }[] = JSON.parse(bpftool('map', 'dump', 'id', String(id)))
  return values.map(({ formatted }) => formatted)
}

/** Marks of what a user runs in one control group: of the account that has most. */
function marksOfOwner(): number {
  const accounts = valuesOf('accounts') as Account[]
  return Math.max(...accounts.map(({ key, value }) => (key.kind === OF_OWNER && key.uid === OWNER ? value.marks : 0)))
}

/** Whether a process has come to flood: what it gave to larger accounts has been taken back. */
function hasFlooded(pid: number): boolean {
  const accounts = valuesOf('accounts') as Account[]
  return accounts.some(
    ({ key, value }) => key.kind === OF_PROCESS && key.pid === pid && value.marks >= MANY && value.given === 0,
  )
}

/** enum account_kind */
const OF_PROCESS = 0
const OF_OWNER = 2
/** A user of the test's own: whatever else floods on this machine is not its. */
const OWNER = 54321
/** MANY_MARKS: with as many, an owner floods. */
const MANY = 8

test.skipIf(reason !== undefined)('floods one after another do not add up to one of their owner', async () => {
  const live = await openLive()
  onTestFinished(() => live.close())
  for (let n = 0; n < 6; n++) {
    const run = ['-c', '"$@"; exit', 'sh', program, 'wait', 'close', '120', '1', '4', `${OWNER}`]
    const flooding = spawn('sh', run, { stdio: ['pipe', 'ignore', 'inherit'], detached: true })
    flooding.stdin.write('\n')
    try {
      // Others may flood meanwhile: a loss that is counted need not be its.
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

describe.skipIf(reason !== undefined)('a flood, with rings of the usual size', () => {
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
  ])('of $call by $processes × $threads threads of user $user costs others nothing', flood => seen(live, flood))

  test.each([flood('orphans', 1, 2), flood('fork'), flood('exec'), flood('openat', 10, 2), flood('exec', 10, 2)])(
    'of $call by processes of the victim’s user: its execs are seen, and so are its opens unless they are counted as lost',
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
    'of $call by $processes processes: execs of others are seen, and so are their opens unless they are counted as lost',
    flood => seenOrCounted(live, flood),
  )
})
