/** What the probe records of each act, parameter by parameter: cases/acts.txt, and for 32-bit calls cases/compat.txt. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compileOutput } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { DEADLINE_MS } from '../../../../scripts/testing/wait.ts'
import { PPME } from '../../src/events/ids.ts'
import { type Live, openLive } from '../../src/live/open-live.ts'
import { syscall } from '../../src/source.ts'
import { missing } from './machine.ts'

const reason = missing()

/** Each act with its expected `events`, those of one thread in order; `*` stands for any text, `$DIR` for the act's folder. */
function cases(file: string): [act: string, lines: readonly string[]][] {
  return readCaseFile(new URL(`cases/${file}`, import.meta.url)).map(one => [one.title, one.lines('events')])
}

const BARE = ['-O1', '-ffreestanding', '-nostdlib', '-static', '-fno-pie', '-no-pie', '-fno-stack-protector']
const native = { source: 'acts.c', flags: [], acts: cases('acts.txt'), narrow: false }
const narrow = { source: 'compat.c', acts: cases('compat.txt'), stream: false, narrow: true }
const WAYS = [
  { way: 'through shared memory', ...native, stream: false },
  { way: 'over the socket', ...native, stream: true },
  { way: 'by a 32-bit program', ...narrow, flags: ['-m32', ...BARE] },
  { way: 'by a 64-bit program that makes 32-bit calls', ...narrow, flags: ['-m64', '-mno-red-zone', ...BARE] },
].filter(({ narrow }) => !narrow || hasNarrowCalls())

/** Whether this machine's kernel runs 32-bit programs of x86. */
function hasNarrowCalls(): boolean {
  if (reason !== undefined || process.arch !== 'x64') return false
  const config = '/proc/sys/abi/vsyscall32' // exists with CONFIG_IA32_EMULATION only
  if (existsSync(config)) return true
  return skipped('live', 'this kernel runs no 32-bit programs') === undefined
}

describe.skipIf(reason !== undefined).each(WAYS)('acts, $way', ({ source, flags, acts, stream }) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'falc-acts-')))
  const line = compileOutput('%evt.type %evt.args', syscall())
  let live: Live
  beforeAll(async () => {
    execFileSync('cc', [...flags, join(import.meta.dirname, source), '-o', join(folder, 'acts')])
    // All events of all programs: on a busy machine they would fill rings of the default size.
    live = await openLive({ stream, ringBytes: 1 << 25 })
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Events of the act's process and its children, as lines, read until every expected one has arrived. */
  async function record(act: string, cwd: string, expected: readonly string[]): Promise<Line[]> {
    const lines: Line[] = []
    const done = promisify(execFile)(join(folder, 'acts'), [act], { cwd })
    const { pid } = done.child
    const ended = done.catch(error => error)
    let gone = false
    // Its children may outlive it.
    for (const limit = performance.now() + DEADLINE_MS; performance.now() < limit; ) {
      while (live.next()) {
        const { event } = live
        if (event.thread?.cwd.startsWith(cwd)) lines.push({ tid: event.tid, text: line(event).replaceAll(cwd, '$DIR') })
        if (event.type === PPME.PROCEXIT_1_E && event.tid === pid) gone = true
      }
      await live.fill()
      if (gone && firstMissing(lines, expected) === undefined) break
    }
    await ended
    return lines
  }

  test.each(acts)('%s', async (act, expected) => {
    const cwd = mkdtempSync(join(folder, 'act-'))
    const lines = await record(act, cwd, expected)
    const text = firstMissing(lines, expected)
    const alike = lines.map(one => one.text).filter(one => one.split(' ')[0] === text?.split(' ')[0])
    const lost = Object.entries(live.counts).filter(([, count]) => count > 0)
    if (text !== undefined) expect(alike, `no event ${text}; counted: ${lost.join(' ')}`).toEqual([text])
  })
})

interface Line {
  readonly tid: number
  readonly text: string
}

/**
 * The first expected event that is not among the lines. Events of one thread must come in the order expected, those of two
 * threads in any order: a child may run on another CPU before the parent's call that wakes it has returned.
 */
function firstMissing(lines: readonly Line[], expected: readonly string[]): string | undefined {
  const found = new Map<number, number>() // by thread, the line last taken
  return expected.find(text => {
    const alike = pattern(text)
    const at = lines.findIndex((one, i) => i > (found.get(one.tid) ?? -1) && alike.test(one.text))
    if (at >= 0) found.set((lines[at] as Line).tid, at)
    return at < 0
  })
}

function pattern(text: string): RegExp {
  const parts = text.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}
