/** The system calls to record can change while events flow: the programs of newly wanted calls are loaded then. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../src/events/ids.ts'
import { EVENTS } from '../../src/events/table.ts'
import { wantedCalls } from '../../src/live/calls.ts'
import { type Live, openLive } from '../../src/live/open-live.ts'
import { Want } from '../../src/live/wire.ts'
import { missing, programsOf, sleep, until } from './machine.ts'

/** As the event table numbers them (PPM_FCNTL_F_*). */
const F_DUPFD = 1
const F_GETFL = 4
/** As the kernel numbers them. */
const PRCTL = process.arch === 'arm64' ? 167 : 157
const PR_SET_NAME = 15
const PR_SET_CHILD_SUBREAPER = 36

const want = (...types: number[]) => Uint8Array.from(EVENTS, ({ id }) => (types.includes(id) ? 1 : 0))

describe.skipIf(missing())('the wanted calls', () => {
  let live: Live
  let folder: string
  const seen: string[] = []
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'falc-wants-'))
    live = await openLive({ wanted: want(PPME.SYSCALL_OPENAT_2_X) })
  })
  afterAll(async () => {
    await live.close()
    rmSync(folder, { recursive: true })
  })

  /** A shell makes a directory under another umask and opens a file there. Returns what is seen besides the open. */
  async function act(name: string): Promise<string[]> {
    const path = join(folder, name)
    spawnSync('sh', ['-c', `umask 012; mkdir ${path}; : > ${path}/last`])
    seen.length = 0
    await until('the last event', async () => {
      await live.fill()
      let last = false
      while (live.next()) {
        const { event } = live
        if (event.type === PPME.SYSCALL_OPENAT_2_X) last ||= event.text(2) === `${path}/last`
        else if (event.type === PPME.SYSCALL_MKDIR_2_X) {
          if (event.text(1) === path) seen.push('mkdir')
        } else if (event.type === PPME.GENERIC_X && event.thread?.comm === 'sh') seen.push('generic')
      }
      return last
    })
    return [...new Set(seen)]
  }

  test('are the only ones recorded at first', async () => {
    expect(await act('first')).toEqual([])
  })

  test('that only the state needs are recorded only if they change it', async () => {
    const commands = new Set<number>()
    const options = new Set<number>()
    live.tap(event => {
      if (event.thread?.comm !== 'perl') return
      if (event.type === PPME.SYSCALL_FCNTL_X) commands.add(event.uint8(2))
      if (event.type === PPME.SYSCALL_PRCTL_X) options.add(event.uint32(1))
    })
    const asking = `use Fcntl; fcntl(STDIN, F_GETFL, 0); fcntl(STDIN, F_DUPFD, 50);
      my $name = 'perl'; syscall(${PRCTL}, ${PR_SET_NAME}, $name); syscall(${PRCTL}, ${PR_SET_CHILD_SUBREAPER}, 1, 0, 0, 0)`
    spawnSync('perl', ['-e', asking], { stdio: ['pipe', 'inherit', 'inherit'] })
    await act('asked')
    expect([...commands]).toContain(F_DUPFD)
    expect([...commands]).not.toContain(F_GETFL)
    expect([...options]).toEqual([PR_SET_CHILD_SUBREAPER])
    live.want(want(PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_FCNTL_X))
    await until('the other command', async () => {
      spawnSync('perl', ['-e', asking], { stdio: ['pipe', 'inherit', 'inherit'] })
      await act(`asked-${Date.now()}`)
      return commands.has(F_GETFL)
    })
    live.tap(null)
    live.want(want(PPME.SYSCALL_OPENAT_2_X))
  })

  test('can be extended while events flow', async () => {
    const before = programsOf(live.sidecarPid!).length
    // mkdir has a program that calls of the state need anyway, semget needs one of its own.
    live.want(want(PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_MKDIR_2_X, PPME.SYSCALL_SEMGET_X))
    await until('the programs', () => programsOf(live.sidecarPid!).length > before)
    // A program that is loaded is not called at once.
    let seen: string[] = []
    await until('mkdir', async () => {
      seen = await act(`second-${Date.now()}`)
      return seen.length > 0
    })
    expect(seen).toEqual(['mkdir'])
    live.want(want(PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_MKDIR_2_X, PPME.GENERIC_X))
    await until('the generic program', async () => (await act(`third-${Date.now()}`)).includes('generic'))
  })

  test('tracepoints are attached when they are wanted', async () => {
    const traces = [PPME.SCHEDSWITCH_6_E, PPME.PAGE_FAULT_E]
    const left = new Set<number>(traces)
    live.want(want(...traces))
    await until('a switch and a page fault', async () => {
      await live.fill()
      while (live.next()) left.delete(live.event.type)
      // not every architecture has a tracepoint for page faults
      return left.size === (process.arch === 'x64' ? 0 : 1) && !left.has(PPME.SCHEDSWITCH_6_E)
    })
    live.want(want(PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_MKDIR_2_X))
    // Once such events are seen again, the sidecar has applied the change.
    await until('mkdir', async () => (await act(`traced-${Date.now()}`)).includes('mkdir'))
  })

  test('include a call that is recorded as another one if that one is wanted', () => {
    const number = (...types: number[]) => wantedCalls({ wanted: want(...types) })[452]
    expect([number(PPME.SYSCALL_FCHMODAT_X), number(PPME.SYSCALL_MKDIR_2_X)]).toEqual([Want.event, Want.nothing])
  })

  test('yield many events at once to a reader that has waited', async () => {
    const opens = `i=0; while [ $i -lt 3000 ]; do : < /dev/null; i=$((i+1)); done`
    await until('many events at once', async () => {
      spawnSync('sh', ['-c', opens])
      await live.fill()
      await sleep(50)
      let read = 0
      while (live.next()) read++
      return read >= 1000
    })
  })

  test('can be reduced, and extended again without loading anything', async () => {
    const loaded = programsOf(live.sidecarPid!).length
    live.want(want(PPME.SYSCALL_OPENAT_2_X))
    await until('nothing else', async () => (await act(`fourth-${Date.now()}`)).length === 0)
    live.want(want(PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_MKDIR_2_X))
    await until('mkdir', async () => (await act(`fifth-${Date.now()}`)).includes('mkdir'))
    expect(programsOf(live.sidecarPid!)).toHaveLength(loaded)
  })
})
