/** Random rules on random logs, with and without a sieve. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fuzzed } from '../../../scripts/testing/fuzz.ts'
import { BodyReader } from '../src/parse.ts'
import { EventScan } from '../src/sieve/scan.ts'
import { AuditSieve } from '../src/sieve/sieve.ts'
import { countBody, newStats } from '../src/stats.ts'
import { compared, EVENT, engineOf, rulesOf, source } from './sieved.ts'

// Events without a time take that of the clock.
beforeAll(() => void vi.spyOn(Date, 'now').mockReturnValue(1.8e12))
afterAll(() => void vi.restoreAllMocks())

const word = fc.constantFrom('get', 'delete', 'pods', 'secrets', 'system:node:a', 'ann', 'exec', '200', '403', 'x')
const FIELDS = [
  ...['ka.verb', 'ka.user.name', 'ka.target.resource', 'ka.target.subresource', 'ka.response.code', 'ka.stage'],
  ...[
    'json.value[/verb]',
    'json.value[/kind]',
    'json.value[/level]',
    'ka.target.name',
    'ka.auth.decision',
    'ka.auditid',
  ],
]
const field = fc.constantFrom(...FIELDS)
const check = fc.oneof(
  fc.tuple(field, word).map(([f, w]) => `${f} = "${w}"`),
  fc.tuple(field, word).map(([f, w]) => `${f} != "${w}"`),
  fc
    .tuple(field, fc.uniqueArray(word, { minLength: 1, maxLength: 3 }))
    .map(([f, w]) => `${f} in ("${w.join('", "')}")`),
  fc
    .tuple(field, fc.constantFrom('startswith', 'endswith', 'contains', 'icontains'), word)
    .map(c => `${c[0]} ${c[1]} "${c[2].slice(0, 3)}"`),
  field.map(f => `${f} exists`),
  fc.constantFrom(
    'jevt.rawtime exists',
    'jevt.rawtime = 0',
    'ka.user.groups intersects ("system:nodes")',
    'evt.num > 1',
  ),
)
const condition = fc.letrec<{ node: string }>(tie => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    check,
    fc.array(tie('node'), { minLength: 2, maxLength: 4 }).map(cs => `(${cs.join(' and ')})`),
    fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map(cs => `(${cs.join(' or ')})`),
    tie('node').map(c => `not (${c})`),
  ),
})).node

const value = fc.oneof(
  { weight: 8, arbitrary: word },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(null, 200, 2e300, true, ['get'], { x: 'get' }, undefined, 'ä', 'a"b', 'a\\b'),
  },
)
const event = fc
  .record(
    {
      ...{
        stage: value,
        verb: value,
        level: value,
        user: fc.oneof(fc.record({ username: value, groups: value }), value),
      },
      objectRef: fc.oneof(fc.record({ resource: value, subresource: value, name: value }), value),
      responseStatus: fc.record({ code: value }),
      ...{
        requestObject: fc.json({ maxDepth: 2 }),
        auditID: value,
        kind: fc.constantFrom('Event', 'EventList', undefined),
      },
      stageTimestamp: fc.constantFrom(
        '2026-03-17T09:41:02.504211Z',
        '1970-01-01T00:00:00Z',
        '2026-03-17T10:00:00+01:00',
        7,
      ),
    },
    { requiredKeys: [] },
  )
  .map(changes => JSON.stringify({ ...EVENT, ...changes }))
const document = fc.oneof(
  { weight: 8, arbitrary: event },
  { weight: 1, arbitrary: fc.array(event, { maxLength: 4 }).map(items => `{"kind":"EventList","items":[${items}]}`) },
  { weight: 1, arbitrary: fc.array(event, { maxLength: 4 }).map(items => `[${items}]`) },
  { weight: 1, arbitrary: event.map(text => JSON.stringify(JSON.parse(text), null, 1)) },
)
/** Long enough to be read item by item. */
const list = fc
  .array(event, { maxLength: 4 })
  .map(items => `{"kind":"EventList","items":[${[`{"x":"${'x'.repeat(4100)}"}`, ...items]}]}`)
/** Damaged texts: characters inserted or removed, the end cut off. */
const damaged = (texts: fc.Arbitrary<string>) =>
  fc
    .tuple(
      texts,
      fc.array(
        fc.tuple(
          fc.nat(),
          fc.constantFrom('', '"', '\\', '{', '}', ',', '\n', ' ', '\xff', '\\u0067', ',"verb":"get"', CUT),
        ),
        { maxLength: 2 },
      ),
    )
    .map(([text, edits]) =>
      edits.reduce((changed, [at, what]) => {
        const i = at % (changed.length + 1)
        if (what === CUT) return changed.slice(0, i)
        return what === '' ? changed.slice(0, i) + changed.slice(i + 1) : changed.slice(0, i) + what + changed.slice(i)
      }, text),
    )
const CUT = 'the rest is gone'
const log = fc.array(fc.oneof({ weight: 4, arbitrary: document }, { weight: 1, arbitrary: damaged(document) }), {
  maxLength: 20,
})

test('random rules on random logs, in any pieces: the sieve changes nothing', { timeout: 0 }, () => {
  fc.assert(
    fc.property(fc.array(condition, { minLength: 1, maxLength: 3 }), log, fc.nat(), (conditions, documents, cut) => {
      const whole = Buffer.from(`${documents.join('\n')}\n`, 'latin1')
      const at = cut % (whole.length + 1)
      compared(rulesOf(conditions), [whole.subarray(0, at), whole.subarray(at)])
    }),
    fuzzed(100),
  )
})

test('random rules on lists of a request, whole and damaged: the sieve changes nothing', () => {
  fc.assert(
    fc.property(fc.array(condition, { minLength: 1, maxLength: 3 }), damaged(list), (conditions, text) => {
      const engine = engineOf(rulesOf(conditions))
      const read = (sieve?: () => AuditSieve | undefined) => {
        const body = new BodyReader(text, { strict: true, sieve }).read(1e9, 1e9)
        const stats = newStats()
        countBody(stats, body)
        const { events, problems } = body
        const alerts = events.flatMap(one => engine.evaluate(source, one).map(({ rule }) => [rule, one.root]))
        return { alerts, problems, events: stats.events }
      }
      expect(read(() => AuditSieve.of(engine.sieve(source)))).toEqual(read())
    }),
    fuzzed(100),
  )
})

test('the byte scan accepts only JSON, and all compact JSON', () => {
  const scan = new EventScan(['/kind', '/auditID', '/stageTimestamp'])
  const valueEnd = (bytes: Uint8Array) => {
    scan.load(bytes)
    return scan.endOf(0)
  }
  fc.assert(
    fc.property(fc.oneof(damaged(document), fc.json()), text => {
      const one = Buffer.from(text)
      const end = valueEnd(one)
      // 0: there is no value
      if (end > 0 && end === one.length) JSON.parse(text)
    }),
    fuzzed(2000),
  )
  fc.assert(
    fc.property(fc.json(), text => {
      const compact = Buffer.from(JSON.stringify(JSON.parse(text)))
      expect(valueEnd(compact)).toBe(compact.length)
    }),
    fuzzed(500),
  )
})
