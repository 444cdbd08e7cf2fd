import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { eventually, until } from '../../../scripts/testing/wait.ts'
import { type AuditLogOptions, openAuditLog } from '../src/index.ts'
import { follow as following, line } from './following.ts'
import { dir, path } from './log-folder.ts'

/** A disk of a few pages, which is soon full. */
const disk = mkdtempSync(join(tmpdir(), 'falc-audit-disk-'))
const mounted =
  process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', disk]).status === 0
skipped('live', mounted ? undefined : 'the state on a full disk: mounting a small tmpfs needs root')
afterAll(() => {
  if (mounted) spawnSync('umount', [disk])
  rmSync(disk, { recursive: true })
})

function fill(path: string): void {
  try {
    for (;;) appendFileSync(path, 'x'.repeat(1024))
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
  }
}

/** Follows `path` in the background. */
const follow = (options: AuditLogOptions = {}) => following(path, options)

describe('the state of a followed file', () => {
  const state = () => ({ state: join(dir, 'state.json') })

  test('a restart continues where the last run ended', async () => {
    writeFileSync(path, line('1') + line('2').slice(0, 10))
    const first = follow(state())
    await eventually(() => expect(first.stats.bytes).toBe(line('1').length + 10))
    await first.stop()
    expect(first.ids).toEqual(['1'])
    appendFileSync(path, line('2').slice(10) + line('3'))
    const second = follow(state())
    await second.sees('2', '3')
    await second.stop()
    expect(second.problems).toEqual([])
  })

  test('files rotated between two runs are read, oldest first', async () => {
    writeFileSync(path, line('1'))
    const first = follow(state())
    await first.sees('1')
    await first.stop()
    appendFileSync(path, line('2'))
    renameSync(path, `${path}.2`)
    writeFileSync(path, line('3'))
    renameSync(path, `${path}.1`)
    writeFileSync(path, line('4'))
    const second = follow(state())
    await second.sees('2', '3', '4')
    expect(second.stats.rotations).toBe(2)
    await second.stop()
    expect(second.problems).toEqual([])
    const third = follow(state())
    appendFileSync(path, line('5'))
    await third.sees('5')
    await third.stop()
  })

  test('a deleted file is reported as a gap, and the remaining files are read', async () => {
    writeFileSync(path, line('1'))
    const first = follow(state())
    await first.sees('1')
    await first.stop()
    writeFileSync(join(dir, 'audit.log.1'), line('3'))
    rmSync(path)
    writeFileSync(path, line('4'))
    const second = follow(state())
    await second.sees('3', '4')
    await second.stop()
    expect(second.stats.rejected['log-gap']).toBe(1)
    expect(second.problems).toEqual([
      `log-gap: the file that was read last is gone; what was written to it after byte ${line('1').length} is lost`,
    ])
  })

  test('a file with the same inode but other content is not taken for the one that was read', async () => {
    writeFileSync(path, line('1'))
    const first = follow(state())
    await first.sees('1')
    await first.stop()
    // The same inode, and longer than before.
    writeFileSync(path, line('other') + line('2'))
    const second = follow(state())
    await second.sees('other', '2')
    await second.stop()
    expect(second.stats.rejected['log-gap']).toBe(1)
  })

  test('a file that was rewritten up to the place that was reached is known by its new beginning', async () => {
    writeFileSync(path, line('1'))
    const first = follow(state())
    await first.sees('1')
    await until('the state', () => existsSync(state().state))
    const later = Date.now() / 1000 + 10
    writeFileSync(path, line('2'))
    utimesSync(path, later, later)
    await first.sees('1', '2')
    await first.stop()
    appendFileSync(path, line('3'))
    const second = follow(state())
    await second.sees('3')
    await second.stop()
    expect(second.problems).toEqual([])
  })

  test('a state beside the log, with a name like that of a rotated file, is not read as one', async () => {
    const beside = { state: `${path}.pos` }
    writeFileSync(path, line('1'))
    const first = follow(beside)
    await first.sees('1')
    await first.stop()
    appendFileSync(path, line('2'))
    renameSync(path, `${path}.1`)
    writeFileSync(path, line('3'))
    const later = Date.now() / 1000 + 10
    utimesSync(path, later, later)
    const second = follow(beside)
    await second.sees('2', '3')
    await second.stop()
    expect(second.problems).toEqual([])
    expect(second.stats.rotations).toBe(1)
  })

  test('a folder that is gone when the log is opened again is waited for', async () => {
    const folder = join(dir, 'logs')
    const log = join(folder, 'audit.log')
    mkdirSync(folder)
    writeFileSync(log, line('1'))
    const first = following(log, state())
    await first.sees('1')
    await first.stop()
    rmSync(folder, { recursive: true })
    const second = following(log, state())
    await eventually(() => expect(second.problems).toEqual([expect.stringMatching(/^log-gap: /)]))
    mkdirSync(folder)
    writeFileSync(log, line('2'))
    await second.sees('2')
    await second.stop()
  })

  test('a file that was compressed before it was read is reported as a gap', async () => {
    writeFileSync(path, line('1'))
    const log = follow({ ...state(), pollMs: 300 })
    await log.sees('1')
    const later = Date.now() / 1000 + 10
    renameSync(path, `${path}.2`)
    writeFileSync(`${path}.1.gz`, 'gzip')
    utimesSync(`${path}.1.gz`, later, later)
    writeFileSync(path, line('3'))
    utimesSync(path, later + 1, later + 1)
    await log.sees('1', '3')
    await log.stop()
    expect(log.problems).toEqual([`log-gap: ${path}.1.gz was compressed before it could be read`])
  })

  test('from: start ignores the saved position', async () => {
    writeFileSync(path, line('1') + line('2'))
    const first = follow(state())
    await first.sees('1', '2')
    await first.stop()
    const again = follow({ ...state(), from: 'start' })
    await again.sees('1', '2')
    await again.stop()
  })

  test('events that were not evaluated are read again', async () => {
    writeFileSync(path, line('1'))
    for await (const batch of openAuditLog(path, { follow: true, ...state() }).batches()) {
      expect(batch).toHaveLength(1)
      break
    }
    const log = follow(state())
    await log.sees('1')
    await log.stop()
  })

  test('a state that cannot be written is reported once, and reading continues', async () => {
    writeFileSync(path, line('1'))
    const errors: string[] = []
    const log = follow({ state: join(dir, 'missing/state.json'), onStateError: ({ message }) => errors.push(message) })
    await log.sees('1')
    appendFileSync(path, line('2'))
    await log.sees('1', '2')
    await log.stop()
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain('ENOENT')
  })

  test.skipIf(!mounted)(
    'on a full disk: the failure is reported once, the old state is kept, and a new one written once there is room',
    async () => {
      const state = join(disk, 'state.json')
      writeFileSync(path, line('1'))
      const errors: string[] = []
      const options = { state, onStateError: ({ message }: Error) => errors.push(message) }
      const first = follow(options)
      await first.sees('1')
      await first.stop()
      const before = readFileSync(state, 'utf8')
      fill(join(disk, 'ballast'))
      appendFileSync(path, line('2'))
      const second = follow(options)
      await second.sees('2')
      await second.stop()
      expect(errors).toEqual([expect.stringContaining('ENOSPC')])
      expect(readFileSync(state, 'utf8')).toBe(before)
      expect(readdirSync(disk).sort()).toEqual(['ballast', 'state.json'])
      // Nothing is lost: what was read since then is read again.
      const third = follow(options)
      await third.sees('2')
      rmSync(join(disk, 'ballast'))
      appendFileSync(path, line('3'))
      await third.sees('2', '3')
      await third.stop()
      const fourth = follow(options)
      appendFileSync(path, line('4'))
      await fourth.sees('4')
      await fourth.stop()
    },
  )

  test('a malformed state file is an error', async () => {
    writeFileSync(path, line('1'))
    writeFileSync(join(dir, 'state.json'), '{"offset":-1}')
    const log = openAuditLog(path, { follow: true, ...state() })
    await expect(log.batches()[Symbol.asyncIterator]().next()).rejects.toThrow('is not the state of an audit log')
  })
})
