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
  test('grows, also by half lines', async () => {
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

  test('from its end', async () => {
    writeFileSync(path, line('1'))
    const log = follow({ from: 'end' })
    // Where the end was is only visible by what is read after it.
    for (let i = 2; log.ids.length === 0; i++) {
      appendFileSync(path, line(String(i)))
      await turn()
    }
    expect(log.ids[0]).not.toBe('1')
    await log.stop()
  })

  test('is waited for', async () => {
    const log = follow()
    await turn()
    writeFileSync(path, line('1'))
    await log.sees('1')
    await log.stop()
  })

  test('is rotated: renamed and made anew, with lines written just before', async () => {
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

  test('is renamed, and its writer continues for a while', async () => {
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
  ])('is rotated several times between two looks, with %s as names', async (_, names) => {
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

  test('is truncated', async () => {
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
    'is truncated and written anew between two looks, beyond the place that was reached: %s',
    async kind => {
      const pad = kind === 'short' ? '' : ' '.repeat(2000)
      writeFileSync(path, pad + line('1'))
      const log = follow({ pollMs: 300 })
      await log.sees('1')
      // The look that finds nothing more is over when the same has been asked of the file many times: the reader waits.
      for (let i = 0; i < 50; i++) await stat(path)
      // As copytruncate does: the file stays the same one.
      writeFileSync(path, `${line('2')}${pad}${line('3')}${pad}${line('4')}`)
      await log.sees('1', '2', '3', '4')
      expect(log.stats.truncations).toBe(1)
      expect(log.problems).toEqual([])
      await log.stop()
    },
  )

  test('loses its end, and is written on beyond the place that was reached, between two looks', async () => {
    const head = `${line('1')}${' '.repeat(2000)}\n`
    writeFileSync(path, head + line('lost'))
    const log = follow({ pollMs: 300 })
    await log.sees('1', 'lost')
    // As above.
    for (let i = 0; i < 50; i++) await stat(path)
    // As a writer does that takes back what a full disk has cut.
    writeFileSync(path, head + line('2') + line('3'))
    // Read anew: at least once.
    await log.sees('1', 'lost', '1', '2', '3')
    expect(log.stats.truncations).toBe(1)
    expect(log.problems).toEqual([])
    await log.stop()
  })

  test('is rotated twice before a new one is there', async () => {
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

  test('stops while it waits', async () => {
    writeFileSync(path, line('1'))
    const log = follow({ pollMs: 60_000 })
    await log.sees('1')
    await log.stop()
  })
})
