/** What a store keeps, finds, counts and forgets. */
import { statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { groupingOf, planCondition, type Store, StoreReader } from '../src/index.ts'
import { alert, folder, idOf, openStore, reread, START, source } from './alerts.ts'

const some = (count: number, from = 0) => Array.from({ length: count }, (_, i) => alert(from + i))
const HOUR = 3600n * 1_000_000_000n
const START_MS = Number(START / 1_000_000n)

/** Runs a step with the clock at this time, in milliseconds since 1970. */
function storedAt(time: number, step: () => void): void {
  vi.useFakeTimers({ toFake: ['Date'], now: time })
  try {
    step()
  } finally {
    vi.useRealTimers()
  }
}

test('an alert that is delivered again is stored once', async () => {
  const store = await openStore()
  expect(store.insert(some(10))).toBe(10)
  expect(store.insert(some(15))).toBe(5)
  expect(store.count()).toBe(15)
  expect(store.top(groupingOf('rule', source))).toEqual([0, 1, 2].map(n => ({ value: `Rule ${n}`, count: 5 })))
  expect(store.problems()).toEqual([])
})

test('a search returns the newest alerts first, and a window selects the next ones', async () => {
  const store = await openStore()
  store.insert(some(10))
  const ids = (found: ReturnType<Store['search']>) => Array.from(found, one => Number.parseInt(one.alert.id, 16))
  expect(ids(store.search({}))).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
  expect(ids(store.search({}, { before: 4 }))).toEqual([2, 1, 0])
  expect(ids(store.search({}, { after: 7, oldest: true }))).toEqual([7, 8, 9])
  expect(store.last).toBe(10)
  expect(ids(store.search({ since: START + HOUR / 20n, until: START + HOUR / 12n }))).toEqual([4, 3])
})

describe('a search for words', () => {
  const messages = [
    'A shell in /etc/shadow',
    'shells and more',
    'Ein Schlüssel wurde gelesen',
    '日本 語',
    '10.0.0.1:443 "quoted"',
  ]
  const cases: [string, number[]][] = [
    ...[
      ['shell', [0]],
      ['SHELL', [0]],
      ['shell*', [0, 1]],
      ['/etc/shadow', [0]],
      ['shadow shell', [0]],
      ['etc/shad', []],
    ],
    ...[
      ['schlussel', [2]],
      ['日本', [3]],
      ['10.0.0.1', [4]],
      ['10.0.1', []],
      ['"shell in"', [0]],
      ['"in shell"', []],
    ],
    ...[
      ['rule 1', [1, 4]],
      ['', [0, 1, 2, 3, 4]],
      ['*"', [0, 1, 2, 3, 4]],
      ['" OR "" NEAR(', []],
      ['terms:x OR', []],
      ['shell\0shadow', [0]],
      ["' --", [0, 1, 2, 3, 4]],
    ],
  ] as [string, number[]][]
  test.each(cases)('%j finds the alerts %j', async (words, expected) => {
    const store = await openStore()
    store.insert(messages.map((message, n) => alert(n, { message, output: `x ${message}` })))
    expect([...store.search({ words }, { oldest: true })].map(one => Number.parseInt(one.alert.id, 16))).toEqual(
      expected,
    )
  })
})

test('a message of several lines does not shift the words of other alerts', async () => {
  const store = await openStore()
  const messages = ['one\ntwo\r\n\nthree', 'four', 'five']
  store.insert(
    messages.map((message, n) => alert(n, { message, output: message, output_fields: { 's.text': message } })),
  )
  const found = (words: string) => [...store.search({ words })].map(one => Number.parseInt(one.alert.id, 16))
  expect(['two', 'three', 'four', 'five'].map(found)).toEqual([[0], [0], [1], [2]])
  const named = planCondition('s.text = five', source)
  expect([...store.search({ condition: named })].map(one => one.alert.message)).toEqual(['five'])
})

test('an alert is found by its ID, and by at least four of its first characters', async () => {
  const store = await openStore()
  const id = 'abcdef0123456789abcdef0123456789'
  store.insert([alert(1, { id }), alert(2, { id: id.replace('a', 'b') })])
  expect(store.get(id).map(one => one.alert)).toEqual([reread(alert(1, { id }))])
  expect(store.get('abcd')).toHaveLength(1)
  expect(store.get('abc')).toEqual([])
  expect(store.get(idOf(5))).toEqual([])
  const own = alert(3, { id: 'Their "own" ID' })
  store.insert([own])
  expect(store.get(own.id).map(one => one.alert)).toEqual([reread(own)])
})

test('a search by time also returns alerts in the order of arrival', async () => {
  const store = await openStore()
  store.insert([5, 1, 4, 2, 3].map(n => alert(n)))
  const since = alert(2).time
  const condition = planCondition(`alert.time >= ${since}`, source)
  for (const query of [{ since }, { condition }])
    expect([...store.search(query, { oldest: true })].map(one => one.seq)).toEqual([1, 3, 4, 5])
})

test('counts stay right while alerts are added in any order and removed', async () => {
  const step = fc.oneof(
    fc.array(fc.nat(400), { minLength: 1, maxLength: 30 }).map(numbers => ({ numbers })),
    fc.constant('prune' as const),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async steps => {
      const store = await openStore()
      const slow = ({ sql, dimension, ...rest }: ReturnType<typeof groupingOf>) => rest
      for (const one of steps) {
        if (one === 'prune') store.prune({ bytes: 1 })
        else store.insert(one.numbers.map(n => alert(n)))
      }
      expect(store.problems()).toEqual([])
      for (const name of ['rule', 'priority', 'host', 'namespace']) {
        const by = groupingOf(name, source)
        expect(store.top(by)).toEqual(store.top(slow(by)))
        const range = { since: START + HOUR / 2n, until: START + 5n * HOUR }
        expect(store.top(by, range)).toEqual(store.top(slow(by), range))
        const sorted = (bars: ReturnType<Store['histogram']>) =>
          bars.map(bar => `${bar.time} ${bar.value} ${bar.count}`).sort()
        for (const size of [HOUR / 60n, HOUR / 4n, HOUR, 24n * HOUR])
          expect(sorted(store.histogram(by, range, size))).toEqual(sorted(store.histogram(slow(by), range, size)))
      }
      store.close()
    }),
    { numRuns: 25 },
  )
})

describe('retention', () => {
  test('removes old alerts in steps, and never the last one', async () => {
    const store = await openStore()
    storedAt(START_MS, () => store.insert(some(1200)))
    expect(store.prune({ age: 60_000 }, START_MS + 10_000)).toBe(0)
    storedAt(START_MS + 9000, () => store.insert(some(1, 1200)))
    const removed: number[] = []
    for (let n = 1; n > 0; removed.push(n)) n = store.prune({ age: 5000 }, START_MS + 10_000)
    expect(removed).toEqual([500, 500, 200, 0])
    expect(store.prune({ age: 5000 }, START_MS + 1e9)).toBe(0)
    expect(store.count()).toBe(1)
    expect([...store.search({ words: 'shell' })]).toHaveLength(1)
    expect(store.problems()).toEqual([])
  })

  test('a clock that jumps ahead removes little until alerts have arrived for more than a day', async () => {
    const path = join(folder(), 'alerts.db')
    const [hours, keep] = [3_600_000, 30 * 24 * 3_600_000]
    let store = await openStore(path)
    const store1 = (hour: number) => storedAt(START_MS + hour * hours, () => store.insert(some(1, hour)))
    const left = (hour: number) => {
      while (store.prune({ age: keep }, START_MS + hour * hours) > 0);
      return store.count()
    }
    for (let hour = 0; hour < 800; hour += 6) store1(hour)
    expect(left(798)).toBe(122)
    expect(store.gap).toBeUndefined()

    // Years ahead: at most a day's alerts are removed, also after a restart.
    const jumped = 50_000
    for (let hour = 0; hour <= 24; hour += 6) {
      store1(jumped + hour)
      expect(left(jumped + hour)).toBe(117 + 1 + hour / 6)
      const [from, to] = [START_MS + 798 * hours, START_MS + (jumped + hour) * hours]
      expect(store.gap).toEqual({ from, to, grace: 24 * hours })
      if (hour === 12) store = await openStore(path)
    }
    // The clock was right.
    store1(jumped + 30)
    expect(left(jumped + 30)).toBe(6)
    expect(store.gap).toBeUndefined()
    expect(store.problems()).toEqual([])
  })

  test('alerts stored while the clock was ahead are removed with those around them', async () => {
    const store = await openStore()
    storedAt(START_MS, () => store.insert(some(10)))
    storedAt(START_MS + 1e12, () => store.insert(some(700, 10)))
    storedAt(START_MS + 1000, () => store.insert(some(900, 710)))
    storedAt(START_MS + 7000, () => store.insert(some(10, 1610)))
    while (store.prune({ age: 5000 }, START_MS + 8000) > 0);
    expect(store.count()).toBe(10)
    expect(store.problems()).toEqual([])
  })

  test('keeps the file below a size', async () => {
    const path = join(folder(), 'alerts.db')
    const store = await openStore(path)
    const limit = 1_000_000
    for (let n = 0; n < 6000; n += 300) {
      store.insert(some(300, n))
      while (store.prune({ bytes: limit }) > 0);
    }
    expect(store.bytes).toBeLessThanOrEqual(limit)
    expect([...store.search({})][0]!.alert.id).toBe(idOf(5999))
    store.close()
    expect(statSync(path).size).toBeLessThan(1.5 * limit)
  })
})

test('a reader works while the store is written, and sees whole batches', async () => {
  const path = join(folder(), 'alerts.db')
  const store = await openStore(path)
  store.insert(some(10))
  const reader = await StoreReader.open(path)
  const open = reader.search({})
  open.next()
  store.insert(some(10, 10))
  expect([...open]).toHaveLength(9)
  expect(reader.count()).toBe(20)
  reader.close()
})

test.each([1, 4])('a file of version %i is brought up to date when a reader opens it', async version => {
  const path = join(folder(), 'alerts.db')
  const store = await openStore(path)
  store.insert(some(20))
  store.close()
  const db = new DatabaseSync(path)
  if (version === 1)
    db.exec(`DROP TABLE words; DROP TABLE pairs; DROP TABLE triage; DROP TABLE notes; DROP TABLE silences;
      CREATE VIRTUAL TABLE search USING fts5(text, terms, content='', contentless_delete=1)`)
  db.exec(`PRAGMA user_version = ${version}`)
  db.close()
  const reader = await StoreReader.open(path)
  expect(reader.problems()).toEqual([])
  expect([...reader.search({ condition: planCondition('proc.name = sh3', source), words: 'shell' })]).toHaveLength(3)
  expect(reader.triage(1)).toBe(undefined)
  reader.close()
})

test('a reader of some namespaces sees nothing else', async () => {
  const store = await openStore()
  store.insert(
    some(12).map((one, n) => ({ ...one, output_fields: { 'k8s.ns.name': `ns${n % 3}`, 'proc.name': 'sh' } })),
  )
  store.silence({ condition: 'alert.rule = x', since: 0n, until: 1n, author: 'a', reason: 'r' })
  store.silence({ condition: 'alert.rule = x', since: 0n, until: 1n, author: 'a', reason: 'r', namespaces: ['ns1'] })
  const own = store.within(['ns1'])
  const by = groupingOf('namespace', source)
  const query = { condition: planCondition('proc.name = sh', source) }
  expect([own.count(), own.count(query), [...own.search({ words: 'shell' })].length]).toEqual([4, 4, 4])
  expect([own.top(by), own.top(by, query)]).toEqual([[{ value: 'ns1', count: 4 }], [{ value: 'ns1', count: 4 }]])
  for (const bars of [own.histogram(by, {}, HOUR), own.histogram(by, query, HOUR)])
    expect(bars.map(({ value }) => value)).toEqual(['ns1'])
  expect([own.get(idOf(1)).length, own.get(idOf(2)).length, own.get('0000').length]).toEqual([1, 0, 4])
  expect(own.count({ namespaces: ['ns2'] })).toBe(0)
  expect(own.silences()).toMatchObject([{ namespaces: ['ns1'] }])
  expect(own.at(3)?.alert.output_fields['k8s.ns.name']).toBe('ns1')
})

test('a backup is a complete store, and overwrites no file, nor one that a link leads to', async () => {
  const path = join(folder(), 'alerts.db')
  ;(await openStore(path)).insert(some(50))
  const reader = await StoreReader.open(path)
  reader.backup(`${path}.copy`)
  symlinkSync(`${path}.other`, `${path}.link`)
  for (const name of ['copy', 'link']) expect(() => reader.backup(`${path}.${name}`)).toThrow('exists')
  reader.close()
  const copy = await StoreReader.open(`${path}.copy`)
  const condition = planCondition('proc.name = sh3', source)
  expect([copy.problems(), [...copy.search({ condition })].length]).toEqual([[], 7])
  copy.close()
})

test('an alert with a field of 1 MB and control characters is stored and found', async () => {
  const store = await openStore()
  const hostile = `\u001b[2J\u202e<script>alert(1)</script>\0${'x'.repeat(1 << 20)}`
  const one = alert(1, {
    message: hostile,
    output: hostile,
    output_fields: { 'proc.name': hostile, '"\'$[0].': '=1+1' },
  })
  store.insert([one])
  expect([...store.search({ condition: planCondition('proc.name contains "<script>"', source) })][0]!.alert).toEqual(
    reread(one),
  )
  expect([...store.search({ words: 'script' })]).toHaveLength(1)
})
