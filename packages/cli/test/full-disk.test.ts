/** A disk that is full while a capture is written: told, and nothing is left open. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Alert } from '@falc/engine'
import { openCapture } from '@falc/sources-syscall'
import { expect, onTestFinished, test, vi } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { RuleCaptures } from '../src/run/rule-captures.ts'
import { startFalc } from './process.ts'

const disk = vi.hoisted(() => ({ full: false }))
vi.mock('node:fs', async importOriginal => {
  const fs = await importOriginal<typeof import('node:fs')>()
  const writeSync = (...args: Parameters<typeof fs.writeSync>) => {
    if (disk.full) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    return fs.writeSync(...args)
  }
  return { ...fs, writeSync }
})

const CAPTURE = join(import.meta.dirname, '../../../examples/captures/host-a.scap')

test.each([[[]], [['--gzip']]])('falc record says where it stopped: %j', async flags => {
  const falc = startFalc(['record', '-e', CAPTURE, '-w', '/dev/full', ...flags], tmpdir())
  expect(await falc.exit).toBe(1)
  expect(falc.output.stderr).toBe('Error: recording to /dev/full stopped: ENOSPC: no space left on device, write\n')
})

test('captures of rules that cannot be written are closed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-full-disk-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const open = () => readdirSync('/proc/self/fd').length
  const before = open()
  const replay = await openCapture(CAPTURE)
  const problems: string[] = []
  const config = {
    ...{ enabled: true, mode: 'all_rules', default_duration: 1e9 },
    path_prefix: join(dir, 'c'),
    max_file_size_mb: 0,
  }
  const captures = new RuleCaptures(new Map(), {
    ...{ config: config as never, stream: replay, report: () => {} },
    problem: text => problems.push(text),
  })
  disk.full = true
  // Each event raises an alert, which begins a capture where none is open.
  do while (replay.next()) captures.alerted([{ rule: 'r' } as Alert], replay.event)
  while (await replay.fill())
  captures.close()
  disk.full = false
  // While it was written, and at the end.
  expect(captures.failed).toBeGreaterThan(1)
  expect(problems[0]).toMatch(/^capture .*: ENOSPC/)
  await eventually(() => expect(open()).toBe(before))
})
