/** A disk that is full while a capture is written: the error is reported, and no file stays open. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
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

test.each([[[]], [['--gzip']]])('falc record fails and reports that the disk is full: %j', async flags => {
  const falc = startFalc(['record', '-e', CAPTURE, '-w', '/dev/full', ...flags], tmpdir())
  expect(await falc.exit).toBe(1)
  expect(falc.output.stderr).toBe('Error: recording to /dev/full stopped: no space left on device\n')
})

test('rule captures that cannot be written are closed and removed; each outage is reported once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-full-disk-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const open = () => readdirSync('/proc/self/fd').length
  const before = open()
  const replay = await openCapture(CAPTURE)
  const lines: string[] = []
  const config = {
    ...{ enabled: true, mode: 'all_rules', default_duration: 1 },
    path_prefix: join(dir, 'c'),
    max_file_size_mb: 0,
  }
  const captures = new RuleCaptures(new Map(), {
    ...{ config: config as never, stream: replay, report: () => {} },
    log: { error: text => lines.push(`error: ${text}`), info: text => lines.push(text) },
  })
  disk.full = true
  let events = 0
  // Each event raises an alert, which begins a capture where none is open.
  do
    while (replay.next()) {
      if (++events === 1000) disk.full = false
      if (events === 3000) disk.full = true
      captures.alerted([{ rule: 'r' } as Alert], replay.event)
    }
  while (await replay.fill())
  captures.close()
  disk.full = false
  const files = readdirSync(dir)
  expect(captures.written).toBeGreaterThan(0)
  expect(files).toHaveLength(captures.written)
  for (const name of files) expect(statSync(join(dir, name)).size).toBeGreaterThan(0)
  expect(lines).toEqual([
    expect.stringMatching(/^error: capture .*: ENOSPC.*; others are lost until one can be written$/),
    expect.stringMatching(/^captures can be written again; \d+ captures lost$/),
    expect.stringMatching(/^error: capture .*: ENOSPC/),
    expect.stringMatching(/^error: captures that could not be written at the end: \d+$/),
  ])
  const lost = lines.map(line => Number(/\d+(?= captures lost$|$)/.exec(line)?.[0] ?? 0))
  expect(lost[1]! + lost[3]!).toBe(captures.failed)
  await eventually(() => expect(open()).toBe(before))
})
