import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type AuditLogOptions, openAuditLog } from '../src/index.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-audit-'))
  path = join(dir, 'audit.log')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const line = (id: string): string => `{"kind":"Event","auditID":"${id}"}\n`

async function idsOf(at: string): Promise<unknown[]> {
  const ids: unknown[] = []
  for await (const event of openAuditLog(at)) ids.push(event.root.auditID)
  return ids
}

describe('a whole file', () => {
  test('in order', async () => {
    writeFileSync(path, line('1') + line('2').trimEnd())
    expect(await idsOf(path)).toEqual(['1', '2'])
  })

  test('larger than a chunk', async () => {
    writeFileSync(path, Array.from({ length: 20_000 }, (_, i) => line(String(i))).join(''))
    const ids = await idsOf(path)
    expect(ids).toHaveLength(20_000)
    expect(ids.at(-1)).toBe('19999')
  })

  test('a directory: its files, the oldest first', async () => {
    writeFileSync(join(dir, 'b'), line('old'))
    writeFileSync(join(dir, 'a'), line('new'))
    utimesSync(join(dir, 'b'), 1000, 1000)
    expect(await idsOf(dir)).toEqual(['old', 'new'])
  })

  test('that is missing', async () => {
    await expect(idsOf(path)).rejects.toThrow('ENOENT')
  })

  test('stops at its signal', async () => {
    writeFileSync(path, Array.from({ length: 50_000 }, (_, i) => line(String(i))).join(''))
    const stop = new AbortController()
    let count = 0
    for await (const batch of openAuditLog(path, { signal: stop.signal }).batches()) {
      count += batch.length
      stop.abort()
    }
    expect(count).toBeLessThan(50_000)
  })
})

/** Follows `path` in the background. */
function follow(options: AuditLogOptions = {}) {
  const stop = new AbortController()
  const log = openAuditLog(path, { follow: true, pollMs: 5, signal: stop.signal, ...options })
  const ids: unknown[] = []
  const done = (async () => {
    for await (const event of log) ids.push(event.root.auditID)
  })()
  return {
    ids,
    stats: log.stats,
    until: (expected: string[]) => vi.waitFor(() => expect(ids).toEqual(expected), { timeout: 4000, interval: 5 }),
    async stop() {
      stop.abort()
      await done
    },
  }
}

describe('a followed file', () => {
  test('grows, also by half lines', async () => {
    writeFileSync(path, line('1'))
    const log = follow()
    await log.until(['1'])
    appendFileSync(path, line('2').slice(0, 12))
    await new Promise(resolve => setTimeout(resolve, 30))
    appendFileSync(path, line('2').slice(12) + line('3'))
    await log.until(['1', '2', '3'])
    await log.stop()
  })

  test('from its end', async () => {
    writeFileSync(path, line('1'))
    const log = follow({ from: 'end' })
    await new Promise(resolve => setTimeout(resolve, 30))
    appendFileSync(path, line('2'))
    await log.until(['2'])
    await log.stop()
  })

  test('is waited for', async () => {
    const log = follow()
    await new Promise(resolve => setTimeout(resolve, 20))
    writeFileSync(path, line('1'))
    await log.until(['1'])
    await log.stop()
  })

  test('is rotated: renamed and made anew, with lines written just before', async () => {
    writeFileSync(path, line('1'))
    const log = follow()
    await log.until(['1'])
    appendFileSync(path, line('2') + line('3').trimEnd())
    renameSync(path, `${path}.1`)
    await new Promise(resolve => setTimeout(resolve, 20))
    writeFileSync(path, line('4'))
    await log.until(['1', '2', '3', '4'])
    expect(log.stats.rotations).toBe(1)
    appendFileSync(path, line('5'))
    await log.until(['1', '2', '3', '4', '5'])
    await log.stop()
  })

  test('is truncated', async () => {
    writeFileSync(path, line('1') + line('2'))
    const log = follow()
    await log.until(['1', '2'])
    truncateSync(path)
    await vi.waitFor(() => expect(log.stats.truncations).toBe(1), { timeout: 4000, interval: 5 })
    appendFileSync(path, line('3'))
    await log.until(['1', '2', '3'])
    await log.stop()
  })

  test('stops while it waits', async () => {
    writeFileSync(path, '')
    const log = follow({ pollMs: 60_000 })
    await new Promise(resolve => setTimeout(resolve, 20))
    await log.stop()
  })
})
