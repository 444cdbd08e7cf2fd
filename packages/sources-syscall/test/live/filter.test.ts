/** What the kernel leaves out because no rule can match it: the alerts equal those of a capture that leaves out nothing. */
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../src/events/ids.ts'
import { EVENTS } from '../../src/events/table.ts'
import { missing, until } from './machine.ts'
import { load, Twins } from './twins.ts'

const SEED = 20_261_127
const EXE = EVENTS[PPME.SYSCALL_EXECVEAT_X]!.params.findIndex(({ name }) => name === 'exe')
const OPENS = 'evt.type in (open, openat, openat2)'

describe.skipIf(missing() !== undefined)('opens that failed', () => {
  const decided = load([
    `${OPENS} and fd.num >= 0`,
    `${OPENS} and fd.num = -1 and evt.res startswith E and fd.nameraw contains ../`,
    `${OPENS} and fd.nameraw glob *..*..*`,
    `${OPENS} and evt.arg.flags contains O_CREAT`,
    `${OPENS} and (evt.failed = false or evt.is_open_create = true)`,
    `${OPENS} and evt.is_open_exec = true`,
  ])
  const undecided = load([`${OPENS} and evt.failed = true`])
  let twins: Twins
  beforeAll(async () => {
    twins = await Twins.open(decided, 'opens.c')
  })
  afterAll(() => twins.close())

  test('are left out if no rule can match one, which changes no alert', async () => {
    const { alerts, printed, before } = await twins.alertsOf(decided, SEED, 4000)
    const inClass = Number(printed)
    expect(alerts[0]!.length).toBeGreaterThan(500)
    expect(alerts[0]).toEqual(alerts[1])
    expect(inClass).toBeGreaterThan(50)
    await twins.counted('passedOver', before.passedOver + inClass)
    expect(twins.lives[1]!.counts.passedOver).toBe(0)
  })

  test('are sent once rules can match one', async () => {
    twins.want(undecided)
    const { alerts, printed } = await twins.alertsOf(undecided, SEED + 1000, 4000)
    expect(alerts[0]!.length).toBeGreaterThan(Number(printed))
    expect(alerts[0]).toEqual(alerts[1])
  })
})

describe.skipIf(missing() !== undefined)('programs that could not be started', () => {
  const EXECS = 'evt.type in (execve, execveat)'
  const shown = () => [
    'evt.type',
    'evt.res',
    'evt.rawres',
    'evt.arg.flags',
    'evt.arg.filename',
    'proc.name',
    'proc.cmdline',
    'proc.exe',
  ]
  const STARTED = `${EXECS} and evt.failed = false and evt.arg.exe = true`
  const results = load([`${EXECS} and evt.failed = true`, STARTED], shown)
  const programs = load([`${EXECS} and evt.failed = true and evt.arg.exe = tried`, STARTED], shown)
  let twins: Twins
  beforeAll(async () => {
    twins = await Twins.open(results, 'execs.c')
  })
  afterAll(() => twins.close())

  /** For each capture, whether the failures that it sees say what was to be started. */
  function said(): Set<boolean>[] {
    return twins.lives.map(live => {
      const seen = new Set<boolean>()
      live.tap(event => {
        if (event.type === PPME.SYSCALL_EXECVEAT_X && event.result < 0) seen.add(event.has(EXE))
      })
      return seen
    })
  }

  test('are recorded without what no rule reads, which changes no alert', async () => {
    const [bare, whole] = said()
    const { alerts, printed } = await twins.alertsOf(results, SEED, 300)
    expect(alerts[0]).toEqual(alerts[1])
    const of = (rule: string) => alerts[0]!.filter(line => line.startsWith(rule))
    expect(of('R0')).toHaveLength(Number(printed))
    expect(of('R1').length).toBeGreaterThan(50)
    expect([...bare!]).toEqual([false])
    expect([...whole!]).toContain(true)
  })

  test('are recorded in full once a rule reads more', async () => {
    twins.want(programs)
    const { alerts } = await until('a run with the new rules', async () => {
      const seen = await twins.alertsOf(programs, SEED + 1000, 100)
      return (
        seen.alerts[0]!.some(line => line.startsWith('R0')) && isDeepStrictEqual(seen.alerts[0], seen.alerts[1]) && seen
      )
    })
    expect(alerts[0]).toEqual(alerts[1])
  })
})

describe.skipIf(missing() !== undefined)('files that no rule asks for', () => {
  const sockets = load([
    'evt.type in (dup, dup2, dup3) and fd.type in (ipv4, ipv6)',
    'evt.type in (dup, dup2, dup3) and fd.typechar = u',
    'evt.type = connect and fd.typechar in (4, 6)',
    'evt.type in (sendto, sendmsg) and fd.l4proto = udp',
    `${OPENS} and evt.is_open_read = true and fd.typechar = f and fd.num >= 0 and fd.name contains secret`,
    `${OPENS} and evt.is_open_write = true and fd.typechar = f and fd.num >= 0`,
    'evt.type in (link, linkat) and evt.arg.oldpath contains secret',
  ])
  const files = load(['evt.type in (dup, dup2, dup3) and fd.typechar = f'])
  let twins: Twins
  beforeAll(async () => {
    twins = await Twins.open(sockets, 'files.c')
  })
  afterAll(() => twins.close())

  test('are opened and closed without events, which changes no alert', async () => {
    const { alerts, printed, before } = await twins.alertsOf(sockets, SEED, 6000)
    const [reads, closes] = printed.split(' ').map(Number)
    expect(alerts[0]).toEqual(alerts[1])
    for (const rule of ['R0', 'R1', 'R2', 'R3', 'R4', 'R5', 'R6'])
      expect(alerts[0]!.filter(line => line.startsWith(rule)).length, rule).toBeGreaterThan(5)
    expect(reads).toBeGreaterThan(100)
    await twins.counted('fileReads', before.fileReads + reads!)
    await twins.counted('fileCloses', before.fileCloses + closes!)
    expect(twins.lives[1]!.counts).toMatchObject({ fileReads: 0, fileCloses: 0 })
  })

  test('are known again once a rule asks for one', async () => {
    twins.want(files)
    const { alerts } = await until('a run with the new rules', async () => {
      const seen = await twins.alertsOf(files, SEED + 1000, 2000)
      return seen.alerts[0]!.length > 20 && seen
    })
    expect(alerts[0]).toEqual(alerts[1])
  })
})

describe.skipIf(missing() !== undefined)('directories that no rule asks for', () => {
  // The arguments of an open say which directory it starts from: that descriptor would have to be known.
  const shown = (condition: string) =>
    condition.startsWith(OPENS)
      ? ['evt.type', 'fd.name', 'fd.nameraw', 'fs.path.name', 'proc.cwd']
      : ['evt.args', 'evt.abspath', 'fs.path.name', 'fs.path.source', 'fs.path.target', 'proc.cwd']
  const paths = load(
    [
      `${OPENS} and fd.num >= 0 and fd.typechar = f and evt.is_open_write = true`,
      `${OPENS} and fd.num >= 0 and fd.typechar = f and fd.name contains secret-file`,
      `${OPENS} and fd.num >= 0 and fd.typechar = f and fd.name contains mtab`,
      `${OPENS} and fd.num >= 0 and fd.typechar = f and fd.name contains bash`,
      `${OPENS} and fd.num < 0 and evt.arg.flags contains O_CREAT`,
      'evt.type in (mkdirat, unlinkat, fchmodat)',
      'evt.type in (renameat, symlinkat, linkat)',
    ],
    shown,
  )
  const descriptors = load(['evt.type in (dup, dup2, dup3) and fd.typechar = d'])
  let twins: Twins
  beforeAll(async () => {
    twins = await Twins.open(paths, 'directories.c')
  })
  afterAll(() => twins.close())

  test('are opened and closed without events, which changes no alert', async () => {
    const { alerts, printed, before } = await twins.alertsOf(paths, SEED, 6000)
    expect(alerts[0]).toEqual(alerts[1])
    for (const rule of ['R0', 'R1', 'R2', 'R3', 'R4', 'R5', 'R6'])
      expect(alerts[0]!.filter(line => line.startsWith(rule)).length, rule).toBeGreaterThan(0)
    const opened = Number(printed)
    expect(opened).toBeGreaterThan(100)
    await twins.counted('fileReads', before.fileReads + opened)
    await twins.counted('fileCloses', before.fileCloses + opened)
    expect(twins.lives[1]!.counts).toMatchObject({ fileReads: 0, fileCloses: 0 })
  })

  test('are known again once a rule asks for one', async () => {
    twins.want(descriptors)
    // A descriptor closed while /proc is read may seem open: a run that began earlier proves nothing.
    await until('a run with the new rules', async () => {
      const { alerts } = await twins.alertsOf(descriptors, SEED + 1000, 2000)
      return alerts[0]!.length > 20 && isDeepStrictEqual(alerts[0], alerts[1])
    })
  })
})
