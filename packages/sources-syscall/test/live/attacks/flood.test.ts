/** One process floods the rings with any call: what others do is seen (flood.c), and what is lost is counted at once. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../../src/events/ids.ts'
import { type Live, openLive } from '../../../src/live/open-live.ts'
import { missing, until } from '../machine.ts'

const reason = missing()

describe.skipIf(reason !== undefined)('a flood', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-flood-'))
  let live: Live
  beforeAll(async () => {
    execFileSync('cc', ['-pthread', join(import.meta.dirname, 'flood.c'), '-o', join(folder, 'flood')])
    live = await openLive({ ringBytes: 4 << 20 })
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(['openat', 'unlinkat', 'close', 'prctl', 'setuid', 'execve'])(
    'of %s takes no room from others: 100 of 100 opens and all execs of another process are seen',
    async call => {
      const opened = new Set<string>()
      let execs = 0
      let ended = false
      const before = live.counts
      const flood = spawn(join(folder, 'flood'), [call, '60'], { stdio: ['ignore', 'pipe', 'inherit'] })
      try {
        let ready = false
        flood.stdout!.on('data', () => {
          ready = true
        })
        const take = async () => {
          while (live.next()) {
            const { event } = live
            if (event.type === PPME.SYSCALL_OPENAT_2_X) {
              const name = event.text(2)
              if (name.startsWith('/etc/falc-victim-')) opened.add(name)
            } else if (event.type === PPME.SYSCALL_EXECVE_19_X && event.thread?.exe === 'falc-victim') execs++
          }
          await live.fill()
        }
        const lost = () => {
          const { counts } = live
          return (
            counts.dropFlood +
            counts.dropPressure +
            counts.dropFullFirst -
            (before.dropFlood + before.dropPressure + before.dropFullFirst)
          )
        }
        await until('losses that are counted', async () => {
          await take()
          return ready && lost() > 0
        })
        const victim = promisify(execFile)(join(folder, 'flood'), ['victim', '100']).then(() => (ended = true))
        await until(
          'what the victim does',
          async () => {
            await take()
            return ended && opened.size === 100 && execs === 10
          },
          20_000,
        ).catch(() => {})
        await victim
        expect(execs).toBe(10)
        // Others, too, may fill what the flood leaves while this reader waits for a processor: that is counted.
        await take()
        const others = live.counts.dropPressure + live.counts.dropFull - before.dropPressure - before.dropFull
        if (others === 0) expect(opened.size).toBe(100)
        expect(opened.size + others).toBeGreaterThanOrEqual(100)
      } finally {
        flood.kill('SIGKILL')
      }
    },
  )
})
