/** Calls that seem to succeed but are never made (forged.c) change nothing that is known of a process, and are counted. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileOutput } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../../src/events/ids.ts'
import { type Live, openLive } from '../../../src/live/open-live.ts'
import { syscall } from '../../../src/source.ts'
import { missing, only, until } from '../machine.ts'

/** The program's exit code where the machine cannot do that. */
const NOT_HERE = 3

describe.skipIf(missing() !== undefined)('a call that is answered in the kernel’s place', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'falc-forged-')))
  const line = compileOutput(
    '%proc.name %proc.exepath %proc.cwd uid=%user.uid caps=%thread.cap_effective sid=%proc.sid %container.id',
    syscall(),
  )
  let live: Live
  let plain: string | undefined
  beforeAll(async () => {
    execFileSync('cc', ['-Wall', join(import.meta.dirname, 'forged.c'), '-o', join(folder, 'forged')])
    chmodSync(folder, 0o755)
    writeFileSync(join(folder, 'loot'), '')
    live = await openLive(only(PPME.SYSCALL_OPENAT_2_X))
    plain = await actor('plain')
    expect(plain).toContain(`forged ${folder}/forged ${folder}/ uid=65534 caps= `)
  })
  afterAll(async () => {
    await live?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** The process that does the act, as rules see it; undefined where the machine cannot do that. */
  async function actor(way: string): Promise<string | undefined> {
    const child = spawn(join(folder, 'forged'), [way], { cwd: folder, stdio: 'ignore' })
    const ended = once(child, 'exit')
    let seen: string | undefined
    await until('the act', async () => {
      while (live.next()) {
        const { event } = live
        if (event.type === PPME.SYSCALL_OPENAT_2_X && event.fd?.name === join(folder, 'loot')) seen = line(event)
      }
      await live.fill()
      return seen !== undefined || child.exitCode === NOT_HERE
    })
    const [code] = await ended
    if (code !== NOT_HERE) expect(code).toBe(0)
    return seen
  }

  test.for(['setuid', 'setsid', 'unshare', 'traced', 'adopted', 'reborn'])(
    '%s: rules see the process unchanged, and the call is counted',
    async (way, { skip }) => {
      const before = live.counts.forged
      const seen = await actor(way)
      if (seen === undefined) skip(`this machine does not do ${way}`)
      expect(seen).toBe(plain)
      await until('its count', async () => {
        while (live.next());
        await live.fill()
        return live.counts.forged > before
      })
    },
  )
})
