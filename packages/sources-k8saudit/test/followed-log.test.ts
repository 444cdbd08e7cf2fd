import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import type { AuditLogOptions } from '../src/index.ts'
import { follow as following, line } from './following.ts'
import { dir, path } from './log-folder.ts'

/** Follows `path` in the background. */
const follow = (options: AuditLogOptions = {}) => following(path, options)

describe('a followed file', () => {
  test('is read as it grows; half a line waits for the rest', async () => {
    writeFileSync(path, line('1'))
    const log = follow()
    await log.sees('1')
    appendFileSync(path, line('2').slice(0, 12))
    await eventually(() => expect(log.stats.bytes).toBe(line('1').length + 12))
    expect(log.ids).toEqual(['1'])
    appendFileSync(path, line('2').slice(12) + line('3'))
    await log.sees('1', '2', '3')
    await log.stop()
  })

  test('is read from its end with from: end', async () => {
    writeFileSync(path, line('1'))
    const log = follow({ from: 'end' })
    // Where reading began shows only in the lines appended after it.
    for (let i = 2; log.ids.length === 0; i++) {
      appendFileSync(path, line(String(i)))
      await turn()
    }
    expect(log.ids[0]).not.toBe('1')
    await log.stop()
  })

  test('is waited for if it does not exist yet', async () => {
    const log = follow()
    await turn()
    writeFileSync(path, line('1'))
    await log.sees('1')
    await log.stop()
  })

  test('is renamed and created anew: lines written just before are read', async () => {
    writeFileSync(path, line('1'))
    const log = follow()
    await log.sees('1')
    appendFileSync(path, line('2') + line('3').trimEnd())
    renameSync(path, `${path}.1`)
    writeFileSync(path, line('4'))
    await log.sees('1', '2', '3', '4')
    expect(log.stats.rotations).toBe(1)
    appendFileSync(path, line('5'))
    await log.sees('1', '2', '3', '4', '5')
    await log.stop()
  })

  test('is renamed: lines that its writer still appends to the old file are read', async () => {
    writeFileSync(path, line('1'))
    const log = follow()
    await log.sees('1')
    renameSync(path, `${path}.1`)
    writeFileSync(path, '')
    appendFileSync(`${path}.1`, line('2'))
    await log.sees('1', '2')
    appendFileSync(path, line('3'))
    await log.sees('1', '2', '3')
    await log.stop()
  })

  test.each([
    ['numbers', ['audit.log.3', 'audit.log.2', 'audit.log.1']],
    [
      'times',
      ['audit-2026-01-01T00-00-00.000.log', 'audit-2026-01-02T00-00-00.000.log', 'audit-2026-01-03T00-00-00.000.log'],
    ],
  ])('is rotated several times between two polls, with %s as names', async (_, names) => {
    writeFileSync(path, line('1'))
    const live = follow({ pollMs: 300 })
    await live.sees('1')
    appendFileSync(path, line('2'))
    for (const [i, name] of names.entries()) {
      renameSync(path, join(dir, name))
      writeFileSync(path, line(String(3 + i)))
    }
    await live.sees('1', '2', '3', '4', '5')
    expect(live.stats.rotations).toBe(3)
    expect(live.problems).toEqual([])
    await live.stop()
  })

  test('is followed on after it was rotated, however its path is written', async () => {
    writeFileSync(path, line('1'))
    const log = following(`${dir}/./audit.log`)
    await log.sees('1')
    renameSync(path, `${path}.1`)
    writeFileSync(path, line('2'))
    await log.sees('1', '2')
    appendFileSync(path, line('3'))
    await log.sees('1', '2', '3')
    appendFileSync(path, line('4'))
    await log.sees('1', '2', '3', '4')
    await log.stop()
  })

  test('is not continued by another log whose name begins like its own', async () => {
    writeFileSync(path, line('1'))
    const log = follow()
    await log.sees('1')
    renameSync(path, `${path}.1`)
    writeFileSync(join(dir, 'audit-policy.log'), line('other'))
    writeFileSync(path, line('2'))
    await log.sees('1', '2')
    expect(log.stats.rotations).toBe(1)
    await log.stop()
  })

  test('is read from its start after it was truncated', async () => {
    writeFileSync(path, line('1') + line('2'))
    const log = follow()
    await log.sees('1', '2')
    truncateSync(path)
    await eventually(() => expect(log.stats.truncations).toBe(1))
    appendFileSync(path, line('3'))
    await log.sees('1', '2', '3')
    await log.stop()
  })

  test.each(['short', 'long'])(
    'is truncated and rewritten beyond the read position between two polls, as a %s file',
    async kind => {
      const pad = kind === 'short' ? '' : ' '.repeat(2000)
      writeFileSync(path, pad + line('1'))
      const log = follow({ pollMs: 300 })
      await log.sees('1')
      // After this many calls of stat, the poll that found nothing more is over, and the reader waits.
      for (let i = 0; i < 50; i++) await stat(path)
      // As copytruncate does: the file stays the same one.
      writeFileSync(path, `${line('2')}${pad}${line('3')}${pad}${line('4')}`)
      await log.sees('1', '2', '3', '4')
      expect(log.stats.truncations).toBe(1)
      expect(log.problems).toEqual([])
      await log.stop()
    },
  )

  test('loses its last line and grows beyond the read position between two polls', async () => {
    const head = `${line('1')}${' '.repeat(2000)}\n`
    writeFileSync(path, head + line('lost'))
    const log = follow({ pollMs: 300 })
    await log.sees('1', 'lost')
    // As above.
    for (let i = 0; i < 50; i++) await stat(path)
    // As a writer does that takes back a line which a full disk cut short.
    writeFileSync(path, head + line('2') + line('3'))
    // The file is read again from its start: delivery is at least once.
    await log.sees('1', 'lost', '1', '2', '3')
    expect(log.stats.truncations).toBe(1)
    expect(log.problems).toEqual([])
    await log.stop()
  })

  test('is rotated twice before a new file appears at its path', async () => {
    writeFileSync(path, line('1'))
    const log = follow()
    await log.sees('1')
    renameSync(path, `${path}.1`)
    appendFileSync(`${path}.1`, line('2'))
    await log.sees('1', '2')
    renameSync(`${path}.1`, `${path}.2`)
    writeFileSync(`${path}.1`, line('3'))
    writeFileSync(path, line('4'))
    await log.sees('1', '2', '3', '4')
    expect(log.problems).toEqual([])
    await log.stop()
  })

  test('stops being followed even while waiting for the next poll', async () => {
    writeFileSync(path, line('1'))
    const log = follow({ pollMs: 60_000 })
    await log.sees('1')
    await log.stop()
  })
})
