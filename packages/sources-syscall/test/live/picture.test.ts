/** What the sidecar's first picture of /proc says about a process: cases/picture.txt. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { type Live, openLive } from '../../src/live/open-live.ts'
import { FdKind } from '../../src/model/fd.ts'
import type { Thread } from '../../src/model/thread.ts'
import { missing } from './machine.ts'

const KINDS = new Map<number, string>(Object.entries(FdKind).map(([name, kind]) => [kind, name]))
/** The expected text of each part of the picture; `*` stands for any text, `$DIR` for the program's folder. */
const EXPECTED = new Map(
  readCaseFile(new URL('cases/picture.txt', import.meta.url)).map(one => [one.title, one.text('picture')]),
)

describe.skipIf(missing() !== undefined)('the first picture', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'falc-picture-')))
  const beforeIt = Date.now()
  let held: ChildProcess
  let live: Live
  beforeAll(async () => {
    execFileSync('cc', [join(import.meta.dirname, 'held.c'), '-pthread', '-o', join(folder, 'held')])
    held = spawn(join(folder, 'held'), ['one', 'two words'], {
      argv0: 'argv0',
      cwd: folder,
      env: { KEY: 'value' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await new Promise(resolve => held.stdout!.once('data', resolve))
    live = await openLive()
  })
  afterAll(async () => {
    await live?.close()
    held.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  const matches = (lines: readonly string[], part: string) => {
    const text = lines.join('\n').replaceAll(folder, '$DIR')
    const parts = EXPECTED.get(part)!
      .split('*')
      .map(literal => literal.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    if (!new RegExp(`^${parts.join('[^\n]*')}$`).test(text)) expect(text).toBe(EXPECTED.get(part))
  }

  test('describes the process', () => {
    const thread = live.state.tables.threads.get(held.pid!)!
    const bit = (value: boolean) => Number(value)
    const { exeWritable, exeUpperLayer, exeLowerLayer, exeFromMemfd, loginuid, tty, uid, gid, cloneTs } = thread
    const began = Number(cloneTs / 1_000_000n)
    matches(
      [
        ...namesOf(thread),
        `cwd ${thread.cwd}`,
        `root ${thread.root}`,
        `fdlimit ${thread.fdlimit}`,
        `flags ${thread.flags}`,
        `env ${thread.ownEnv.items}`,
        `cgroups ${thread.cgroupTexts}`,
        `exe_writable ${bit(exeWritable)} upper_layer ${bit(exeUpperLayer)} lower_layer ${bit(exeLowerLayer)} from_memfd ${bit(exeFromMemfd)}`,
        `loginuid ${loginuid} tty ${tty} uid ${uid} gid ${gid}`,
        // The kernel counts in hundredths of a second.
        `began ${began >= beforeIt - 10 && began <= Date.now() ? 'during' : 'outside'} this test`,
      ],
      'process',
    )
  })

  test('describes its other thread', () => {
    const main = live.state.tables.threads.get(held.pid!)!
    const thread = [...live.state.tables.threads].find(one => one.pid === held.pid && one !== main)!
    const [comm, exe, exepath] = namesOf(thread)
    const shared = thread.fds.get(3) === main.fds.get(3) || thread.leader?.fds === main.fds
    matches(
      [comm!, exe!, exepath!, `flags ${thread.flags}`, `descriptors are ${shared ? 'the process’s' : 'its own'}`],
      'thread',
    )
  })

  test('lists its descriptors', () => {
    const thread = live.state.tables.threads.get(held.pid!)!
    const lines = [...thread.fds]
      .filter(([num]) => num > 2 && num <= 20) // higher ones were inherited
      .sort(([a], [b]) => a - b)
      .map(([num, fd]) => `${num} ${KINDS.get(fd.type)} ${fd.openFlags} ${fd.name}`.trimEnd())
    matches(lines, 'descriptors')
  })

  test('contains no kernel thread', () => {
    expect([...live.state.tables.threads].filter(({ ptid }) => ptid === 2)).toEqual([])
    expect(live.state.tables.threads.get(2)).toBeNull()
  })
})

function namesOf(thread: Thread): string[] {
  return [`comm ${thread.comm}`, `exe ${thread.exe}`, `exepath ${thread.exepath}`, `args ${thread.argv.items}`]
}
