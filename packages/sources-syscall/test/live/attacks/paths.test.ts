/**
 * Paths that another thread overwrites while the kernel works with them (paths.c): the path that it used is recorded, or the
 * change is counted. And unchanged paths of two processes that share a slot in the probe's table (collide.c).
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compileOutput } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../../src/events/ids.ts'
import { type Live, openLive } from '../../../src/live/open-live.ts'
import { syscall } from '../../../src/source.ts'
import { caughtUp, missing, until } from '../machine.ts'

const reason = missing()
const run = promisify(execFile)

describe.skipIf(reason !== undefined || availableParallelism() < 2)('a path that is overwritten', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'falc-paths-')))
  const line = compileOutput('%evt.type %evt.args', syscall())
  let live: Live
  let hits = 0
  beforeAll(async () => {
    for (const name of ['paths', 'collide'])
      execFileSync('cc', ['-O1', '-pthread', join(import.meta.dirname, `${name}.c`), '-o', join(folder, name)])
    live = await openLive()
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What the attacker prints, and the events of the call in its folder. */
  async function attack(type: string, ...args: string[]): Promise<{ said: string; lines: string[] }> {
    const cwd = mkdtempSync(join(folder, 'attack-'))
    const lines: string[] = []
    const done = run(join(folder, 'paths'), args, { cwd })
    let said: string | undefined
    let over: bigint | undefined
    const read = caughtUp(live)
    void done.then(({ stdout }) => {
      said = stdout.trim()
      over = BigInt(Date.now()) * 1_000_000n
    })
    let ended = false
    await until('the end of the attack', async () => {
      while (live.next()) {
        const { event } = live
        if (event.thread?.comm !== 'paths' || event.thread.cwd !== `${cwd}/`) continue
        const text = line(event)
        if (text.startsWith('procexit ') && event.thread.tid === event.thread.pid)
          ended = event.thread.parent?.comm !== 'paths'
        else if (text.startsWith(`${type} `)) lines.push(text)
      }
      await live.fill()
      // Its exit may be among the events lost in its flood.
      const all = read(over)
      return said !== undefined && (ended || all)
    })
    await done
    return { said: said!, lines }
  }

  const counted = () => live.counts.raced + live.counts.unchecked

  test.each(['short', 'long', 'absent', 'remote', 'fault'])(
    'while an open waits, %s: the path of the opened file is recorded, and the change is counted',
    async how => {
      const before = counted()
      for (let i = 0; i < 10; i++) {
        const { lines } = await attack('openat', 'wait', how)
        const names = lines
          .filter(text => /secret|harmless/.test(text) && !text.includes('O_CREAT'))
          .map(text => / name=(\S+?)[( ]/.exec(text)![1])
        expect(names.filter(name => name!.endsWith('harmless'))).toEqual([])
        expect(names.filter(name => name!.endsWith('/secret')).length).toBeGreaterThanOrEqual(1)
      }
      await until('the count', async () => {
        await live.fill()
        return counted() >= before + 10
      })
    },
  )

  test.each([
    ['unlink', 'unlinkat'],
    ['rmdir', 'unlinkat'],
    ['rename', 'renameat2'],
    ['link', 'linkat'],
    ['symlink', 'symlinkat'],
    ['mkdir', 'mkdirat'],
    ['chmod', 'fchmodat'],
  ])('while %s works: the path that it acted on is recorded', async (call, type) => {
    for (let i = 0; i < 10; i++) {
      const { said, lines } = await attack(type, call, 'long')
      const texts = lines.join('\n')
      expect(texts, `the kernel used ${said}`).toContain(`/${said}`)
      if (live.hooked) expect(texts).not.toContain(said === 'secret' ? '/harmless' : '/secret')
      if (said === 'secret' && (live.hooked || texts.includes('/harmless'))) hits++
    }
  })

  test('is hit at the right moment by at least one of these attacks', () => {
    expect(hits).toBeGreaterThan(0)
  })

  test.each(['absent', 'fault'])('whose page was not resident when the call began (%s) is counted', async how => {
    const before = counted()
    const { said, lines } = await attack('unlinkat', 'unlink', how)
    if (live.hooked) expect(lines.join('\n')).toContain(`/${said}`)
    await until('the count', async () => {
      await live.fill()
      return counted() > before
    })
  })

  test.each([
    ['open', PPME.SYSCALL_OPENAT_2_X],
    ['unlink', PPME.SYSCALL_UNLINKAT_2_X],
  ])(
    '%s by a process whose id equals another’s modulo the size of the table is recorded with its own path',
    async (call, type) => {
      const own = 'a/'.repeat(2048).slice(0, 4095)
      const paths = new Set<string>()
      const done = run(join(folder, 'collide'), [call, '3000'], { cwd: folder })
      let over: bigint | undefined
      void done.then(() => {
        over = BigInt(Date.now()) * 1_000_000n
      })
      let victim = 0
      for (const read = caughtUp(live); !read(over); ) {
        while (live.next()) {
          const { event } = live
          if (event.thread?.comm !== 'collide') continue
          if (event.type === PPME.SYSCALL_EXECVE_19_X) victim = event.tid
          if (event.type === type && event.tid === victim && event.text(2).length > 1000) paths.add(event.text(2))
        }
        await live.fill()
      }
      await done
      expect([...paths]).toEqual([own])
    },
  )
})
