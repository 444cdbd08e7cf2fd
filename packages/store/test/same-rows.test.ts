/** A condition finds the same alerts whether SQL decides or the engine evaluates every alert. */
import { type AlertData, ByteSink, ConditionError, PRIORITIES } from '@falc/engine'
import { OPERATORS } from '@falc/engine/analysis'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { type Batch, batchOf } from '../src/batch.ts'
import { groupingOf, noneOf, planCondition, type StoredAlert } from '../src/index.ts'
import { finish } from '../src/parts.ts'
import { Reader } from '../src/read.ts'
import { Scanner } from '../src/scan.ts'
import { alert, idOf, openStore, reread, START, source } from './alerts.ts'

const TEXTS = [
  ...[
    '',
    'a',
    'A',
    'ab',
    'abc',
    'b a',
    'a b',
    'é',
    'É',
    'ß',
    'z',
    '\u{1f600}',
    '\uff5e',
    'a\0b',
    '\0',
    "it's",
    '"',
    '%',
    '_',
    '*',
  ],
  ...['0', '5', '-5', '05', '5.0', '5.5', '1e3', '9007199254740993', '18446744073709551615', 'ff', 'true', 'false'],
  ...[
    '10.0.0.1',
    '10.0.0.2',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:10.0.0.1',
    '::FFFF:a00:1',
    '10.0.0.1 ::1',
    'x 10.0.0.1',
    '(a,b)',
    'null',
  ],
  ...[
    'a long text of more than twenty-four bytes',
    'a long text of more than twenty-four bytes, too',
    '2026-11-24T10:00:00Z',
  ],
]
const VALUES = [
  ...[...TEXTS, 0, 5, -5, 5.5, -0, 1e21, 443, true, false, null],
  ...[9007199254740993n, 99999999999999999n, 18446744073709551615n],
]
const value = fc.oneof(fc.constantFrom(...VALUES), fc.array(fc.constantFrom(...TEXTS, 5, true), { maxLength: 3 }))

const NAMES = [
  's.text',
  's.any',
  's.list',
  's.int',
  's.uint',
  's.hex',
  's.double',
  's.bool',
  's.port',
  's.ip',
  's.ips',
  's.net',
  's.when',
]
const KEYS = [...NAMES, 's.arg[a]', 's.arg.a', 's.arg[b c]', 'odd "name"', 'static.x', 'alert.rule']
const FIELDS = [
  ...[
    ...NAMES,
    's.arg[a]',
    's.arg.a',
    's.arg["b c"]',
    'alert.field[static.x]',
    'alert.field[s.int]',
    'alert.field["odd \\"name\\""]',
  ],
  ...[
    'alert.rule',
    'alert.priority',
    'alert.source',
    'alert.hostname',
    'alert.tags',
    'alert.time',
    'alert.output',
    'alert.message',
  ],
  ...[
    'alert.count',
    'alert.id',
    'alert.first_time',
    'evt.hostname',
    'evt.source',
    'evt.time',
    'evt.rawtime',
    'evt.num',
  ],
  ...['tolower(s.text)', 'len(s.text)', 'basename(s.text)'],
]
const NUMBERS = [
  '0',
  '5',
  '-5',
  '443',
  '9',
  '9007199254740993',
  '18446744073709551615',
  '1700006400000000000',
  '2026-11-24T10:00:00Z',
  '10.0.0.0/8',
  '::/0',
]
const LITERALS = [...TEXTS.filter(text => !text.includes('\0')), ...NUMBERS, ...PRIORITIES, idOf(3), 'host']

const literal = fc.constantFrom(...LITERALS).map(text => JSON.stringify(text))
const operators = Object.entries(OPERATORS).flatMap(([op, { form }]) =>
  form === 'string' ? [op, `${op} oneof`, `${op} anyof`, `${op} allof`] : [op],
)
const check = fc
  .tuple(fc.constantFrom(...FIELDS), fc.constantFrom(...operators), fc.array(literal, { minLength: 1, maxLength: 3 }))
  .map(([field, op, values]) => {
    if (op === 'exists') return `${field} exists`
    const list = op.includes(' ') || ['in', 'intersects', 'pmatch'].includes(op)
    return `${field} ${op} ${list ? `(${values.join(', ')})` : values[0]}`
  })
  .filter(isValid)

const { condition } = fc.letrec<{ condition: string }>(tie => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    check,
    fc.tuple(tie('condition'), fc.constantFrom('and', 'or'), tie('condition')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('condition').map(inner => `not (${inner})`),
  ),
}))

function isValid(text: string): boolean {
  try {
    planCondition(text, source)
    return true
  } catch (error) {
    if (error instanceof ConditionError) return false
    throw error
  }
}

const anyAlert = fc.record({
  output_fields: fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 6 }),
  rule: fc.constantFrom('a', 'A', 'abc', 'Terminal shell', 'é'),
  priority: fc.constantFrom(...PRIORITIES),
  source: fc.constantFrom('syscall', 'k8s_audit'),
  hostname: fc.constantFrom(undefined, '', 'host', 'HOST'),
  tags: fc.subarray(['a', 'ab', 'b a']),
  time: fc.constantFrom(START, START + 1n, 0n, -1n, 2n ** 64n, 1_700_006_400_000_000_000n, 1_795_514_400_000_000_000n),
  message: fc.constantFrom('', 'a', 'abc', 'A b c', 'a\0b'),
  output: fc.constantFrom('', 'x', 'abc'),
  count: fc.constantFrom(undefined, 1, 5),
})

/** An alert that is certainly scanned. Most of the random ones have characters that prevent it. */
const PLAIN = {
  output_fields: {
    ...{ 's.text': '0:0:0:0:0:0:0:1', 's.ip': '10.0.0.1 ::FFFF:a00:1 x', 's.int': -5, 's.double': 5.5, 's.bool': true },
    ...{ 's.any': '-05', 's.uint': 0, 's.port': null, 'evt.time': 'x', 'evt.num': 7, 'k8s.ns.name': '' },
    ...{ 'ka.target.namespace': 'team', 's.arg[a]': 'a text of more than thirty-two characters' },
  },
  ...{ rule: 'Terminal shell', priority: 'Error', source: 'syscall', hostname: 'host', tags: ['a', 'b a'] },
  ...{ time: START, message: 'a b', output: '10:00:00.000000000: Error a b', count: 5 },
  ...{ condition_fields: { 'proc.name': ['a', { b: '}"' }] }, absences: { 's.port': 'unknown' } },
} as never

const ids = (found: Iterable<StoredAlert>) => Array.from(found, ({ alert: { id } }) => id).sort()

test('alerts are read as they were stored, and a condition finds those it matches', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyAlert, { minLength: 1, maxLength: 12 }),
      fc.array(condition, { minLength: 8, maxLength: 8 }),
      async (some, texts) => {
        const store = await openStore()
        const given = some.map((change, n) => alert(n, change as Partial<AlertData>))
        expect(store.insert(given)).toBe(given.length)
        const kept = [...store.search({})].map(found => found.alert)
        expect(kept.reverse()).toEqual(given.map(one => reread(one)))
        for (const text of texts) {
          const planned = planCondition(text, source)
          const expected = kept.filter(one => planned.test(one)).map(({ id }) => id)
          expect(ids(store.search({ condition: planned }, { part: 3 })), text).toEqual(expected)
          // The count that SQL makes, if it can.
          expect(store.count({ condition: planned }), text).toBe(expected.length)
          const others = [...kept].filter(one => !planned.test(one)).map(({ id }) => id)
          expect(ids(store.search({ condition: noneOf(planned) })), text).toEqual(others)
        }
        store.close()
      },
    ),
    {
      numRuns: 100,
      // JSON rounds large numbers, even to ones with other first digits.
      examples: [
        [
          [{ output_fields: { 's.text': 9007199254740993n, 's.arg[a]': 99999999999999999n } } as never],
          ['s.text = 9007199254740993', 's.text startswith 9007199254740993', 's.arg.a startswith 9', 's.text = 5'],
        ],
        [[{ output_fields: { 's.int': -(2n ** 63n) } } as never], ['s.int < 0', 's.int = 5', 'not s.int >= 0']],
      ],
    },
  )
})

test('SQL decides common conditions, or narrows them with the index', () => {
  const decided = [
    'alert.priority >= Warning',
    'alert.rule = x and not alert.hostname in (a, b)',
    'alert.time > 5',
    'alert.output contains y',
  ]
  for (const text of decided) {
    const { sure, maybe } = planCondition(text, source)
    expect(sure.text, text).toBe(maybe.text)
  }
  const indexed = [
    'proc.name = sh',
    's.ip in (10.0.0.1, ::1)',
    'fd.name startswith /etc and s.text regex "a.*"',
    's.int = 5',
    'alert.tags intersects (a)',
  ]
  for (const text of indexed) expect(planCondition(text, source).match, text).toBeDefined()
})

test('counts and histograms by a field are the same from SQL as from the engine', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyAlert, { minLength: 1, maxLength: 20 }), async some => {
      const store = await openStore()
      store.insert(some.map((change, n) => alert(n, change as Partial<AlertData>)))
      const others = ['s.text', 's.any', 's.list', 'alert.field[static.x]']
      for (const name of ['rule', 'priority', 'host', 'source', 'namespace', 'tags', ...others]) {
        const by = groupingOf(name, source)
        const { sql, dimension, ...slow } = by
        const sorted = (grouping: typeof by) => finish(store.startTop(grouping, {}, 100, { part: 3 }))
        expect(sorted(by), name).toEqual(sorted(slow))
        const bars = (grouping: typeof by) =>
          finish(store.startHistogram(grouping, {}, 3600n * 1_000_000_000n, { part: 3 }))
            .map(({ time, ...rest }) => JSON.stringify([String(time), rest]))
            .sort()
        expect(bars(by), name).toEqual(bars(slow))
      }
      store.close()
    }),
    { numRuns: 30 },
  )
})

test('an alert that is scanned as bytes is indexed like one that is parsed', () => {
  const [words, pairs] = [new ByteSink(), new ByteSink()]
  const reader = new Reader(words, pairs)
  const entriesOf = (batch: Batch, isScanned: boolean) => {
    words.clear()
    pairs.clear()
    const entries = Array.from(reader.read(batch, isScanned), ({ id, kind, time, body }) => {
      const lines = Buffer.from(pairs.written).toString().split('\n')
      const entry = { id: Buffer.from(id).toString('hex'), kind, time, body: Buffer.from(body).toString() }
      const terms = lines.filter(line => line !== '').sort()
      const text = Buffer.from(words.written).toString()
      words.clear()
      pairs.clear()
      return { ...entry, terms, text }
    })
    return entries
  }
  let scanned = 0
  const scan = vi.spyOn(Scanner.prototype, 'scan')
  fc.assert(
    fc.property(fc.array(anyAlert, { minLength: 1, maxLength: 12 }), some => {
      const batch = batchOf(some.map((change, n) => alert(n, change as Partial<AlertData>)))
      expect(entriesOf(batch, true)).toEqual(entriesOf(batch, false))
      scanned += scan.mock.results.filter(({ value }) => value === true).length
      scan.mockClear()
    }),
    { numRuns: 300, examples: [[[PLAIN]]] },
  )
  expect(scanned).toBeGreaterThan(0)
})
