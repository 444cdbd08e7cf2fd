/** What is passed over changes no alert, no problem and no count: beside the same input with every event parsed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { alertJson, Engine } from '@falc/engine'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readCaseFile } from '../../../scripts/testing/cases.ts'
import { fuzzed } from '../../../scripts/testing/fuzz.ts'
import { type AuditEvent, AuditLogDecoder, type AuditProblem, k8sAudit, openAuditWebhook } from '../src/index.ts'
import { valueEnd } from '../src/sieve/syntax.ts'

const source = k8sAudit()

// Events without a time have that of the clock.
beforeAll(() => void vi.spyOn(Date, 'now').mockReturnValue(1.8e12))
afterAll(() => void vi.restoreAllMocks())

const root = join(import.meta.dirname, '../../..')
const bundled = readFileSync(join(root, 'rules/k8s_audit.yaml'), 'utf8')
const capture = readFileSync(join(root, 'examples/captures/k8s-audit.jsonl'))

function engineOf(rules: string): Engine<typeof source> {
  const engine = new Engine({ sources: [source], ruleMatching: 'all' })
  const { ok, errors } = engine.load([{ name: 'rules.yaml', content: rules }])
  if (!ok) throw new Error(errors[0]!.message)
  return engine
}

const rulesOf = (conditions: readonly string[]): string =>
  JSON.stringify(
    conditions.map((condition, i) => ({
      ...{ rule: `R${i}`, desc: 'd', condition, priority: 'INFO', source: 'k8s_audit' },
      output: '%evt.num %ka.auditid %ka.verb %ka.user.name %ka.target.name',
    })),
  )

interface Read {
  readonly alerts: string[]
  readonly problems: AuditProblem[]
  readonly stats: AuditLogDecoder['stats']
}

function read(rules: string, chunks: Iterable<Uint8Array>, sieved: boolean): Read {
  const engine = engineOf(rules)
  const problems: AuditProblem[] = []
  const decoder = new AuditLogDecoder({
    onProblem: problem => problems.push(problem),
    ...(sieved && { sieve: () => engine.sieve(source) }),
  })
  const alerts: string[] = []
  const take = (events: readonly AuditEvent[]) => {
    for (const event of events) for (const alert of engine.evaluate(source, event)) alerts.push(alertJson(alert))
  }
  for (const chunk of chunks) take(decoder.push(chunk))
  take(decoder.end())
  return { alerts, problems, stats: decoder.stats }
}

/** Reads both ways; returns how many events were passed over. */
function compared(rules: string, chunks: readonly Uint8Array[]): number {
  const slow = read(rules, chunks, false)
  const fast = read(rules, chunks, true)
  expect(fast.alerts).toEqual(slow.alerts)
  expect(fast.problems).toEqual(slow.problems)
  expect({ ...fast.stats, passedOver: 0 }).toEqual(slow.stats)
  return fast.stats.passedOver
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the bundled rules', () => {
  test('on the bundled log', () => {
    expect(compared(bundled, [capture])).toBeGreaterThan(100)
  })

  test.each(readCaseFile(new URL('cases/logs/logs.txt', import.meta.url)))('$title', one => {
    compared(bundled, [bytes(one.text('log'))])
    compared(rulesOf(['ka.verb = get']), [bytes(one.text('log'))])
  })

  test.each(readCaseFile(new URL('cases/bodies/bodies.txt', import.meta.url)))('$title', one => {
    compared(rulesOf(['ka.verb = get']), [bytes(one.text('body'))])
  })
})

const EVENT = {
  ...{ kind: 'Event', auditID: '1', stage: 'ResponseComplete', requestURI: '/api?a=b&c=d', verb: 'get' },
  ...{ user: { username: 'system:node:a', groups: ['system:nodes'] }, objectRef: { resource: 'pods', name: 'x' } },
  ...{ responseStatus: { code: 200 }, stageTimestamp: '2026-03-17T09:41:02.504211Z' },
}
const line = (changes: object = {}): string => JSON.stringify({ ...EVENT, ...changes })

/** An event that a rule for `ka.verb = delete` cannot match, in forms that are to be passed over or not. */
test.each([
  ['as the API server writes it', line(), 1],
  ['with escapes in other values', line().replaceAll('&', '\\u0026'), 1],
  ['with bytes that are no UTF-8', line().replace('/api', '/\xff'), 1],
  ['with an escaped value', line().replace('"get"', '"g\\u0065t"'), 0],
  ['with an escaped value that matches', line().replace('"get"', '"d\\u0065lete"'), 0],
  ['with an escaped key', line().replace('"verb"', '"v\\u0065rb"'), 0],
  ['with a key twice', line().replace('{', '{"verb":"delete",'), 0],
  ['with a key twice, the other way round', line().replace(/}$/, ',"verb":"delete"}'), 0],
  ['with a key twice, the second one escaped', line().replace(/}$/, ',"ver\\u0062":"delete"}'), 0],
  ['with a key of the same name elsewhere', line({ requestObject: { verb: 'delete' } }), 1],
  ['with the key in a text', line({ requestURI: '"verb":"delete"' }), 1],
  ['with a number as verb', line({ verb: 1 }), 1],
  ['with an object as verb', line({ verb: { delete: 'delete' } }), 0],
  ['without a verb', line({ verb: undefined }), 1],
  ['without an auditID', line({ auditID: undefined }), 0],
  ['of another kind', line({ kind: 'Pod' }), 0],
  ['without a time', line({ stageTimestamp: undefined }), 0],
  ['of 1970', line({ stageTimestamp: '1970-01-01T00:00:00Z' }), 0],
  ['of 30 February', line({ stageTimestamp: '2026-02-30T00:00:00Z' }), 0],
  ['with white space', line().replaceAll(',', ', '), 0],
  ['with what follows it', `${line()} ${line({ verb: 'delete' })}`, 0],
  ['cut off', line().slice(0, -1), 0],
  ['with a number that is none', line({ x: 1 }).replace('"x":1', '"x":01'), 0],
  ['with a tab in a text', line().replace('/api', '/\t'), 0],
] as const)('%s', (_, text, passed) => {
  const chunk = Buffer.from(`${text}\n`, 'latin1')
  expect(compared(rulesOf(['ka.verb = delete']), [chunk])).toBe(passed)
})

test.each([
  ['evt.reltime >= 0 and ka.verb = delete', 0],
  ['jevt.rawtime = 0', 1],
  ['jevt.rawtime exists', 0],
  ['not jevt.rawtime exists', 1],
  ['jevt.rawtime startswith 17', 0],
  ['jevt.rawtime = 1773740462504211000', 0],
  ['not ka.user.name startswith "system:"', 1],
  ['not ka.user.name startswith "system:" or ka.target.name = x', 0],
  ['ka.verb in (delete, patch) and not ka.target.name = x', 1],
  ['jevt.value[/verb] = delete', 1],
  ['jevt.value[verb] = delete', 1],
  ['tolower(ka.verb) = delete', 1],
  ['ka.verb = val(ka.stage)', 1],
  ['ka.verb = val(ka.target.name)', 0],
  ['ka.target.subresource exists', 1],
  ['ka.response.code startswith 4', 1],
])('a rule with the condition %s', (condition, passed) => {
  expect(compared(rulesOf([condition]), [bytes(`${line()}\n`)])).toBe(passed)
})

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
/** What transport and malice make of it. */
const damaged = fc
  .tuple(
    document,
    fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('', '"', '\\', '{', '}', ',', '\n', ' ', '\xff', '\\u0067', ',"verb":"get"')),
      { maxLength: 2 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((changed, [at, what]) => {
      const i = at % (changed.length + 1)
      return what === '' ? changed.slice(0, i) + changed.slice(i + 1) : changed.slice(0, i) + what + changed.slice(i)
    }, text),
  )
const log = fc.array(fc.oneof({ weight: 4, arbitrary: document }, { weight: 1, arbitrary: damaged }), { maxLength: 20 })

test('random rules on random logs, in any pieces', { timeout: 0 }, () => {
  fc.assert(
    fc.property(fc.array(condition, { minLength: 1, maxLength: 3 }), log, fc.nat(), (conditions, documents, cut) => {
      const whole = Buffer.from(`${documents.join('\n')}\n`, 'latin1')
      const at = cut % (whole.length + 1)
      compared(rulesOf(conditions), [whole.subarray(0, at), whole.subarray(at)])
    }),
    fuzzed(100),
  )
})

test('what is read byte by byte as JSON is JSON', () => {
  fc.assert(
    fc.property(fc.oneof(damaged, fc.json()), text => {
      const one = Buffer.from(`${text}\n`)
      if (valueEnd(one, 0) === one.length - 1) JSON.parse(text)
    }),
    fuzzed(2000),
  )
  fc.assert(
    fc.property(fc.json(), text => {
      const compact = Buffer.from(`${JSON.stringify(JSON.parse(text))}\n`)
      expect(valueEnd(compact, 0)).toBe(compact.length - 1)
    }),
    fuzzed(500),
  )
})

test('after events that are all wanted, it is looked less often; then again', () => {
  const many = (verb: string) => `${line({ verb, requestObject: 'x'.repeat(500) })}\n`.repeat(2000)
  const passed = compared(rulesOf(['ka.verb = delete']), [bytes(many('delete')), bytes(many('get'))])
  expect(passed).toBeGreaterThan(500)
})

test('more values than are remembered', () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => line({ user: { username: `system:node:${i}` } }))
  expect(compared(rulesOf(['ka.user.name = ann']), [bytes(`${lines.join('\n')}\n`)])).toBeGreaterThan(10_000)
})

test('new rules take effect at once', () => {
  const [first, second] = [engineOf(rulesOf(['ka.verb = delete'])), engineOf(rulesOf(['ka.verb = get']))]
  let engine = first
  const decoder = new AuditLogDecoder({ sieve: () => engine.sieve(source) })
  expect(decoder.push(bytes(`${line()}\n`)).length).toBe(0)
  engine = second
  expect(decoder.push(bytes(`${line()}\n`)).map(({ number }) => number)).toEqual([2])
})

test('the webhook: what is passed over was received, and a bad item beside it is reported', async () => {
  const engine = engineOf(rulesOf(['ka.verb = delete']))
  const problems: AuditProblem[] = []
  const webhook = await openAuditWebhook({
    ...{ host: '127.0.0.1', port: 0, sieve: () => engine.sieve(source), answer: 'evaluated' },
    onProblem: problem => problems.push(problem),
  })
  const numbers: unknown[] = []
  const done = (async () => {
    for await (const event of webhook) numbers.push(event.number)
  })()
  const post = async (items: readonly string[]) => {
    const body = `{"kind":"EventList","items":[${items}]}`
    return (await fetch(webhook.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).status
  }
  expect(await post([line(), '7', line()])).toBe(200)
  expect(await post(['7'])).toBe(400)
  expect(await post([line(), line({ verb: 'delete' }), line()])).toBe(200)
  await webhook.close()
  await done
  expect(numbers).toEqual([4])
  expect(problems.length).toBe(2)
  expect(webhook.stats).toMatchObject({ events: 5, passedOver: 4 })
})
