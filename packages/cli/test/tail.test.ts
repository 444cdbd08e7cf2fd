/** falc alerts tail --follow: what a process reads while another one writes. */
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AlertData, alerts } from '@falc/engine'
import { planCondition, Store, StoreReader } from '@falc/store'
import { expect, onTestFinished, test } from 'vitest'
import { follow } from '../src/history/tail.ts'

const alert = (n: number): AlertData => ({
  ...{
    id: n.toString(16).padStart(32, '0'),
    rule: n % 2 ? 'Odd' : 'Even',
    priority: 'Notice',
    source: 'syscall',
    tags: [],
  },
  ...{ time: BigInt(n), output: 'x', message: 'x', output_fields: {} },
})

test('an alert that arrives while the store is searched is followed, too', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-tail-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const path = join(dir, 'alerts.db')
  const store = await Store.open(path)
  onTestFinished(() => store.close())
  const reader = await StoreReader.open(path)
  let count = 0
  const search = reader.search.bind(reader)
  reader.search = function* (...given) {
    yield* search(...given)
    if (count < 6) store.insert([alert(++count), alert(++count)])
  }
  const stop = new AbortController()
  const seen: string[] = []
  const query = { condition: planCondition('alert.rule = Odd', alerts({ sources: [] })) }
  for await (const found of follow(path, reader, query, 0, stop.signal)) {
    seen.push(found.alert.id.slice(-1))
    if (seen.length === 3) stop.abort()
  }
  expect(seen).toEqual(['1', '3', '5'])
})

test('what a store has received last is followed, too, when another takes its place', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-tail-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const path = join(dir, 'alerts.db')
  const store = await Store.open(path)
  const next = await Store.open(join(dir, 'next.db'))
  next.insert([alert(3)])
  next.close()
  const reader = await StoreReader.open(path)
  const move = () => {
    store.insert([alert(1)])
    store.close()
    for (const end of ['', '-wal', '-shm'])
      if (existsSync(path + end)) renameSync(path + end, `${join(dir, 'aside.db')}${end}`)
    renameSync(join(dir, 'next.db'), path)
    return false
  }
  Object.defineProperty(reader, 'isInPlace', { get: move })
  const stop = new AbortController()
  const seen: string[] = []
  for await (const found of follow(path, reader, {}, 0, stop.signal)) {
    seen.push(found.alert.id.slice(-1))
    if (seen.includes('3')) stop.abort()
  }
  expect(seen).toEqual(['1', '3'])
})
