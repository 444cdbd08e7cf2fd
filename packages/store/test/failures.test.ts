/** What happens to a store when a process is killed, the disk is full, or the file is damaged or foreign. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { MessageChannel } from 'node:worker_threads'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { batchOf } from '../src/batch.ts'
import { groupingOf, Store, StoreError, StoreReader, StoreThread } from '../src/index.ts'
import { moveAside } from '../src/integrity.ts'
import { serve } from '../src/worker.ts'
import { alert, folder, openStore, START, source } from './alerts.ts'

const some = (count: number, from = 0) => Array.from({ length: count }, (_, i) => alert(from + i))
const WRITER = join(import.meta.dirname, 'writer.ts')
const node = ['--conditions=@falc/source', '--no-warnings', WRITER]

test('a killed process loses no acknowledged alert, and leaves an undamaged file', async () => {
  const path = join(folder(), 'alerts.db')
  let acknowledged = 0
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, [...node, path, String(round * 1_000_000)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const start = acknowledged
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged += Number(line)
      if (acknowledged - start >= 400 + 170 * round) child.kill('SIGKILL')
    }
    const store = await StoreReader.open(path)
    expect(store.problems()).toEqual([])
    expect(store.count()).toBeGreaterThanOrEqual(acknowledged)
    acknowledged = store.count()
    store.close()
  }
})

const cannotMount = (() => {
  const { status } = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' })
  return skipped('live', status === 0 ? undefined : 'a full disk needs unshare and a mount namespace')
})()

test.skipIf(cannotMount !== undefined)('alerts are refused while the disk is full, and none stored is lost', () => {
  const dir = folder()
  const script = `mount -t tmpfs -o size=3m none '${dir}' && exec "$@"`
  const args = ['-rm', 'sh', '-c', script, 'sh', process.execPath, ...node, join(dir, 'alerts.db'), 'full']
  expect(JSON.parse(execFileSync('unshare', args, { encoding: 'utf8' }))).toEqual({
    refused: 'full',
    kept: true,
    taken: 500,
    problems: [],
  })
})

describe('a damaged file', () => {
  const damages: Record<string, (path: string) => void> = {
    'with its beginning overwritten': path => overwrite(path, 0, 4096),
    'with all but its beginning overwritten': path => overwrite(path, 4096, statSync(path).size - 4096),
    'that is not SQLite': path => writeFileSync(path, 'x'.repeat(10_000)),
  }
  test.each(Object.keys(damages))('%s is moved aside with a note, and replaced by a new store', async what => {
    const dir = folder()
    const path = join(dir, 'alerts.db')
    const before = await openStore(path)
    before.insert(some(500))
    before.close()
    damages[what]!(path)
    const notes: string[] = []
    const thread = new StoreThread({ path, note: text => notes.push(text) })
    expect(await thread.insert(some(20, 1000))).toBe(20)
    await thread.close()
    expect(notes).toEqual([
      expect.stringMatching(
        /alerts\.db is damaged \(.+\): it is now .*alerts\.db\.damaged-.*, and a new store is begun$/,
      ),
    ])
    expect(readdirSync(dir).some(name => name.startsWith('alerts.db.damaged-'))).toBe(true)
    const after = await StoreReader.open(path)
    expect(after.count()).toBe(20)
    after.close()
  })

  test('is found by an integrity check', async () => {
    const path = join(folder(), 'alerts.db')
    const before = await openStore(path)
    before.insert(some(500))
    before.close()
    overwrite(path, 5 * 4096, 8 * 4096)
    const store = await StoreReader.open(path)
    onTestFinished(() => store.close())
    expect(store.problems().length).toBeGreaterThan(0)
  })
})

test('a store that another process has begun in place of a damaged one is not moved aside', async () => {
  const path = join(folder(), 'alerts.db')
  const { port1, port2 } = new MessageChannel()
  const notes: unknown[] = []
  port2.on('message', answer => answer.kind === 'note' && notes.push(answer))
  const prune = vi.spyOn(Store.prototype, 'prune').mockImplementationOnce(() => {
    moveAside(path)
    writeFileSync(path, 'new')
    throw new StoreError('damaged', 'database disk image is malformed')
  })
  onTestFinished(() => prune.mockRestore())
  serve(port1, { path })
  port2.postMessage(batchOf(some(3)))
  await until('old alerts are looked for', () => prune.mock.calls.length > 0)
  port2.postMessage('close')
  await once(port2, 'close')
  expect([readFileSync(path, 'utf8'), notes]).toEqual(['new', []])
})

test('if all alerts are too old at once, they are kept for a while, with one note', async () => {
  const path = join(folder(), 'alerts.db')
  const before = await openStore(path)
  before.insert(some(500))
  before.close()
  const db = new DatabaseSync(path)
  db.exec('UPDATE alerts SET stored = stored - 3600000')
  db.close()
  const notes: string[] = []
  const thread = new StoreThread({ path, age: 60_000, note: text => notes.push(text) })
  await thread.insert(some(1, 1000))
  await until('it is said', () => notes.length > 0)
  await thread.insert(some(1, 1001))
  await thread.close()
  expect(notes).toEqual([
    expect.stringMatching(
      /its alerts are older than it keeps them, the last one of 20.+, if it is 20.+: they stay for up to 1 minutes/,
    ),
  ])
  const after = await StoreReader.open(path)
  expect(after.count()).toBe(502)
  after.close()
})

test.each(['notes.txt', 'other.db'])('a file that is not a store is refused and left in place: %s', async name => {
  const path = join(folder(), name)
  if (name === 'notes.txt') writeFileSync(path, 'my notes')
  else {
    const db = new DatabaseSync(path)
    db.exec('CREATE TABLE mine (x)')
    db.close()
  }
  const thread = new StoreThread({ path })
  await expect(thread.insert(some(1))).rejects.toMatchObject({ fault: 'foreign' })
  await thread.close()
  expect(readdirSync(join(path, '..'))).toEqual([name])
})

test('a file of a later version is refused', async () => {
  const path = join(folder(), 'alerts.db')
  const store = await openStore(path)
  store.close()
  const db = new DatabaseSync(path)
  db.exec('PRAGMA user_version = 99')
  db.close()
  for (const open of [Store.open(path), StoreReader.open(path)])
    await expect(open).rejects.toMatchObject({
      fault: 'newer',
      message: expect.stringContaining('a later version of falc'),
    })
})

test('inserts work again once a missing folder exists, and after the file was removed', async () => {
  const dir = folder()
  const path = join(dir, 'late', 'alerts.db')
  const notes: string[] = []
  const thread = new StoreThread({ path, note: text => notes.push(text) })
  await expect(thread.insert(some(3))).rejects.toMatchObject({ fault: 'unusable' })
  mkdirSync(join(dir, 'late'))
  expect(await thread.insert(some(3))).toBe(3)
  for (const name of readdirSync(join(dir, 'late'))) rmSync(join(dir, 'late', name))
  expect(await thread.insert(some(3))).toBe(3)
  expect(notes).toEqual([expect.stringContaining('has been moved or removed')])
  await thread.close()
})

test.each([
  ['a pipe', (path: string) => void execFileSync('mkfifo', [path]), ''],
  ['a pipe in place of its log', (path: string) => void execFileSync('mkfifo', [path]), '-wal'],
  ['a folder', (path: string) => void mkdirSync(path), ''],
  ['a link to itself', (path: string) => symlinkSync(path, path), ''],
])('%s is refused without blocking', async (_, make, suffix) => {
  const path = join(folder(), 'alerts.db')
  if (suffix !== '') (await Store.open(path)).close()
  make(path + suffix)
  for (const opened of [StoreReader.open(path), Store.open(path)])
    await expect(opened).rejects.toMatchObject({ name: 'StoreError', fault: 'unusable' })
})

test('alerts are refused while another process holds the write lock, and accepted afterwards', async () => {
  const path = join(folder(), 'alerts.db')
  const store = await openStore(path)
  store.insert(some(1))
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const thread = new StoreThread({ path })
  await expect(thread.insert(some(1, 1))).rejects.toMatchObject({ fault: 'busy' })
  other.exec('ROLLBACK')
  other.close()
  expect(await thread.insert(some(1, 1))).toBe(1)
  await thread.close()
})

test('the thread removes old alerts while no new ones arrive', async () => {
  const path = join(folder(), 'alerts.db')
  const thread = new StoreThread({ path, age: 1 })
  await thread.insert(some(1300))
  await thread.insert(some(1, 1300))
  const reader = await StoreReader.open(path)
  onTestFinished(() => reader.close())
  await until('only the last one is left', () => reader.count() === 1)
  await thread.close()
})

test('alerts that cannot be printed are refused, and each later insert has its own answer', async () => {
  const thread = new StoreThread({ path: join(folder(), 'alerts.db') })
  expect(() => thread.insert([alert(1, { time: 'now' as never })])).toThrow()
  expect(await thread.insert(some(2))).toBe(2)
  expect(await thread.insert(some(3))).toBe(1)
  await thread.close()
})

test('the times of a store are known while its oldest alerts are removed', async () => {
  const store = await openStore()
  const last = alert(10_000)
  store.insert([alert(0), last])
  const { histogram } = StoreReader.prototype
  vi.spyOn(store, 'histogram').mockImplementationOnce((...given) => {
    const days = histogram.apply(store, given)
    expect(store.prune({ bytes: 1 })).toBe(1)
    return days
  })
  expect(store.span()).toEqual({ from: START, to: last.time + 60_000_000_000n })
})

test('counts of more groups than are kept apart are not said to be all', async () => {
  const path = join(folder(), 'alerts.db')
  const store = await openStore(path)
  const db = new DatabaseSync(path)
  db.exec(`INSERT INTO counts WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    SELECT 86400, 0, 'Rule', 0, 'syscall', 'host ' || i, '', 1, 1, 1 FROM n`)
  db.close()
  const by = groupingOf('host', source)
  for (const query of [store.startTop(by, {}, 10), store.startHistogram(by, {}, 86_400_000_000_000n)])
    expect([query.step(), query.complete]).toEqual([false, false])
})

test('a program that closes a store during an insert does not end before the store is closed', () => {
  const path = join(folder(), 'alerts.db')
  const { status, stdout } = spawnSync(process.execPath, [...node, path, 'close'], { encoding: 'utf8' })
  expect([status, stdout]).toEqual([0, 'closed\n'])
})

test('an idle store does not keep its process alive', async () => {
  const path = join(folder(), 'alerts.db')
  const child = spawn(process.execPath, [...node, path, 'idle'], { stdio: 'inherit' })
  expect((await once(child, 'exit'))[0]).toBe(0)
})

function overwrite(path: string, from: number, length: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(length, 0xa5), 0, length, from)
  closeSync(file)
}
