/** Paths of opens that another thread changes while the kernel works: race.c. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { compileOutput } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../src/events/ids.ts'
import { type Live, openLive } from '../../src/live/open-live.ts'
import { syscall } from '../../src/source.ts'
import { caughtUp, missing, until } from './machine.ts'

const reason = missing()
const run = promisify(execFile)

describe.skipIf(reason !== undefined)('a path that changes during the open', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'falc-race-')))
  const line = compileOutput('%evt.type|%evt.arg.name|%fs.path.name|%evt.arg.ino', syscall())
  let live: Live
  beforeAll(async () => {
    execFileSync('cc', ['-O2', '-pthread', join(import.meta.dirname, 'race.c'), '-o', join(folder, 'race')])
    for (const name of ['plain', 'other', 'secret']) writeFileSync(join(folder, name), name)
    for (const name of ['x', 'y']) mkdirSync(join(folder, name))
    for (const name of ['x/f', 'y/f']) writeFileSync(join(folder, name), name)
    symlinkSync('secret', join(folder, 'link'))
    execFileSync('mkfifo', [join(folder, 'fifo')])
    const opens = new Uint8Array(512)
    opens[PPME.SYSCALL_OPEN_X] = opens[PPME.SYSCALL_OPENAT_2_X] = 1
    live = await openLive({ wanted: opens })
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** The attacker's opens of files in the folder: the name recorded, and whether it leads to the file that was opened. */
  async function attack(...args: string[]): Promise<{ name: string; right: boolean }[]> {
    const opens: { name: string; right: boolean }[] = []
    const done = run(join(folder, 'race'), args, { cwd: folder })
    let over: bigint | undefined
    void done.then(() => {
      over = BigInt(Date.now()) * 1_000_000n
    })
    for (const read = caughtUp(live); !read(over); ) {
      while (live.next()) {
        const { event } = live
        if (event.thread?.comm !== 'race' || event.thread.cwd !== `${folder}/`) continue
        const [type, , path, inode] = line(event).split('|') as [string, string, string, string]
        if (!type.startsWith('open') || inode === '0' || !path.startsWith(folder)) continue
        opens.push({ name: path.slice(folder.length + 1), right: inodeOf(path) === inode })
      }
      await live.fill()
    }
    await done
    return opens
  }

  function inodeOf(path: string): string {
    return String(statSync(resolve(folder, path)).ino)
  }

  test('while the kernel waits: the file that was opened is recorded, and the change is counted', async () => {
    const before = live.counts.raced
    const opens = await attack('wait', 'fifo', 'plain')
    expect(opens.map(({ name }) => name)).toEqual(['fifo', 'fifo'])
    await until('count', async () => {
      await live.fill()
      return live.counts.raced > before
    })
  })

  /* Paths are compared in pieces of 256 bytes, and each piece word by word. */
  test('in its last byte alone, whatever the length: the file that was opened is recorded, and each change is counted', async () => {
    const before = live.counts.raced
    const lengths = [8, 15, 247, 248, 254, 255, 256, 257, 264, 511, 512, 513, 4095]
    const opens = await attack('last', 'fifo', ...lengths.map(String))
    expect(opens.map(({ name }) => name)).toEqual(lengths.flatMap(() => ['fifo', 'fifo']))
    await until('counts', async () => {
      await live.fill()
      return live.counts.raced - before >= lengths.length
    })
  })

  test.skipIf(availableParallelism() < 2).each([
    ['plain', 'other'],
    ['link', 'plain'],
    ['x/f', 'y/f'],
  ])(
    'again and again, between %s and %s: at most a few opens have the wrong path, and changes are counted',
    async (name, other) => {
      const before = live.counts.raced
      let seen = 0
      for (let i = 0; i < 10 && (live.counts.raced === before || seen < 10_000); i++) {
        const opens = await attack('flip', name, other, '20000')
        expect(opens.filter(({ right }) => !right).length).toBeLessThan(10)
        seen += opens.length
        const { events } = live.counts
        await until('newer counts', async () => {
          execFileSync('true')
          while (live.next());
          await live.fill()
          return live.counts.events > events
        })
      }
      expect(live.counts.raced).toBeGreaterThan(before)
    },
  )
})
