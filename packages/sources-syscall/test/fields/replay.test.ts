import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { PPME } from '../../src/events/ids.ts'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'
import { openCapture } from '../../src/open-capture.ts'
import type { ReplayOptions } from '../../src/replay.ts'
import { join as concat, eventBlock, SECTION } from '../capture/assemble.ts'

const CAPTURE = fileURLToPath(new URL('../../../../examples/captures/host-a.scap', import.meta.url))

/** Number, type and some fields of each delivered event; then the error, if the capture breaks off. */
async function replay(path: string, options: ReplayOptions = {}): Promise<{ lines: string[]; error: string | null }> {
  const lines: string[] = []
  const capture = await openCapture(path, options)
  try {
    do {
      while (capture.next()) {
        const { event } = capture
        const shown = ['proc.name', 'fd.name', 'proc.aname', 'evt.args'].map(name =>
          SYSCALL_FIELDS[name]!.extract(event),
        )
        lines.push([event.num, event.type, ...shown].join(' '))
      }
    } while (await capture.fill())
    return { lines, error: null }
  } catch (error) {
    return { lines, error: (error as Error).name }
  } finally {
    capture.close()
  }
}

test('events come in order, numbered from 1', async () => {
  const { lines, error } = await replay(CAPTURE)
  expect(error).toBeNull()
  expect(lines.slice(0, 3).map(line => line.split(' ')[0])).toEqual(['1', '2', '3'])
})

test('leaving out event types does not change the other events', async () => {
  const wanted = [PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_EXECVE_19_X]
  const all = await replay(CAPTURE)
  const some = await replay(CAPTURE, { wanted })
  expect(some.lines.length).toBeGreaterThan(100)
  expect(some.lines).toEqual(
    all.lines.filter(line => wanted.includes(Number(line.split(' ')[1]) as (typeof wanted)[number])),
  )
})

test('a truncated capture gives the events before its end, then an error', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-replay-'))
  try {
    const file = readFileSync(CAPTURE)
    const bytes = file[0] === 0x1f ? gunzipSync(file) : file
    const path = join(folder, 'cut.scap')
    writeFileSync(path, bytes.subarray(0, bytes.length - 30))
    const whole = await replay(CAPTURE)
    const cut = await replay(path)
    expect(cut.error).toBe('CaptureError')
    expect(cut.lines).toEqual(whole.lines.slice(0, cut.lines.length))
    expect(whole.lines.length - cut.lines.length).toBeLessThan(3)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('of each capture in a file the first notes are not shown, and its time begins anew', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-replay-'))
  const user = (time: bigint) =>
    eventBlock(0x216, '-1 USER_ADDED_E u32:7 u32:7 "ann\\u0000" "/\\u0000" "/bin/sh\\u0000" "\\u0000"', 0, time)
  const chdir = (time: bigint) => eventBlock(0x216, '5 SYSCALL_CHDIR_X i64:0 "/\\u0000"', 0, time)
  const first = [SECTION, user(4n), chdir(5n), user(6n), chdir(7n)]
  try {
    const path = join(folder, 'two.scap')
    writeFileSync(path, concat([...first, SECTION, user(99n), chdir(100n), chdir(103n)]))
    const ways: readonly ReplayOptions[] = [{}, { wanted: [PPME.USER_ADDED_E, PPME.SYSCALL_CHDIR_X] }]
    for (const options of ways) {
      const capture = await openCapture(path, options)
      const { event } = capture
      const lines: string[] = []
      do {
        while (capture.next()) lines.push(`${event.num} ${SYSCALL_FIELDS['evt.reltime']!.extract(event)}`)
      } while (await capture.fill())
      expect(lines).toEqual(['2 0', '3 1', '4 2', '6 0', '7 3'])
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
