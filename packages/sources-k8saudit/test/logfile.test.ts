import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openAuditLog } from '../src/index.ts'
import { dir, path } from './log-folder.ts'

const line = (id: string): string => `{"kind":"Event","auditID":"${id}"}\n`

async function idsOf(at: string): Promise<unknown[]> {
  const ids: unknown[] = []
  for await (const event of openAuditLog(at)) ids.push(event.root.auditID)
  return ids
}

describe('a whole file', () => {
  test('is read in order', async () => {
    writeFileSync(path, line('1') + line('2').trimEnd())
    expect(await idsOf(path)).toEqual(['1', '2'])
  })

  test('may be larger than a chunk', async () => {
    writeFileSync(path, Array.from({ length: 20_000 }, (_, i) => line(String(i))).join(''))
    const ids = await idsOf(path)
    expect(ids).toHaveLength(20_000)
    expect(ids.at(-1)).toBe('19999')
  })

  test('in a directory is read after the older ones', async () => {
    writeFileSync(join(dir, 'b'), line('old'))
    writeFileSync(join(dir, 'a'), line('new'))
    utimesSync(join(dir, 'b'), 1000, 1000)
    expect(await idsOf(dir)).toEqual(['old', 'new'])
  })

  test('that does not exist is an error', async () => {
    await expect(idsOf(path)).rejects.toThrow('ENOENT')
  })

  test('is no longer read once its signal aborts', async () => {
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
