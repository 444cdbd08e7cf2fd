/**
 * Random requests with a token for one namespace: each is answered or refused, none causes an internal error, and none reveals
 * anything about another namespace.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store, StoreError } from '@falc/store'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { FUZZ_TIMEOUT, fuzzed } from '../../../scripts/testing/fuzz.ts'
import { k8sAudit } from '../../sources-k8saudit/src/index.ts'
import { Backend } from '../src/backend.ts'
import { Refused } from '../src/failure.ts'
import { checkParameters } from '../src/parameters.ts'
import { ROUTES } from '../src/routes.ts'
import { alert, idOf } from './start.ts'

/** Part of all values in the alert of another namespace. */
const SECRET = 'theirs'

const ODD = [
  '',
  ' ',
  '\0',
  '"',
  "'",
  '\\',
  '%',
  '*',
  '-1',
  '0',
  '1e99',
  '\ud800',
  '\u202e',
  '__proto__',
  'constructor',
  '[',
  '](',
  'NULL',
  ';--',
]
const word = fc.oneof(
  fc.constantFrom(...ODD, 'sh', 'Shell', 'ours', 'Error', '10.0.0.1', '5'),
  fc.string({ maxLength: 8, unit: 'binary' }),
)
const FIELDS = [
  'proc.name',
  'alert.rule',
  'alert.time',
  'alert.tags',
  'alert.count',
  'fd.sip',
  'k8s.ns.name',
  'ka.verb',
  'alert.field[x y]',
  'ka.uri.param[a]',
  'tolower(proc.name)',
  'len(proc.name)',
  'nothing.here',
]
const OPS = [
  '=',
  '!=',
  '<',
  '>=',
  'contains',
  'icontains',
  'startswith',
  'endswith',
  'glob',
  'regex',
  'in',
  'intersects',
  'pmatch',
  'exists',
  'startswith oneof',
  '== =',
]
const check = fc
  .tuple(fc.constantFrom(...FIELDS), fc.constantFrom(...OPS), fc.array(word, { maxLength: 3 }))
  .map(
    ([field, op, values]) =>
      `${field} ${op} ${op === 'exists' ? '' : values.length === 1 ? JSON.stringify(values[0]) : `(${values.map(one => JSON.stringify(one)).join(', ')})`}`,
  )
const { filter } = fc.letrec<{ filter: string }>(tie => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    check,
    word,
    fc
      .tuple(tie('filter'), fc.constantFrom('and', 'or', ') or ('), tie('filter'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('filter').map(inner => `not ${inner}`),
  ),
}))
const time = fc.constantFrom(
  '2026-11-24T10:00:00Z',
  '0001-01-01',
  '9999-12-31T23:59:59Z',
  '2026-01-01',
  '2026-13-45',
  'yesterday',
  '',
)
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  ...{ filter, since: time, until: time, q: fc.array(word).map(words => words.join(' ')) },
  ...{
    by: fc
      .array(fc.constantFrom(...FIELDS, 'rule', 'host', 'tags', 'namespace'), { maxLength: 4 })
      .map(names => names.join(',')),
  },
  state: fc.constantFrom('open', 'open,closed', 'nonsense', ','),
  silenced: fc.constantFrom('no', 'only', 'x'),
  id: fc.constantFrom(idOf(1), idOf(2), '0000', 'x'),
}
const value = (name: string) =>
  fc.oneof({ weight: 4, arbitrary: VALUES[name === 'fields' ? 'by' : name] ?? word }, { weight: 1, arbitrary: word })
const part = fc.record({
  field: fc.constantFrom(...FIELDS),
  op: fc.constantFrom('=', 'in', 'contains', 'regex'),
  values: fc.array(word, { maxLength: 3 }),
})
const body = fc.oneof(
  fc.json(),
  fc
    .record(
      {
        ids: fc.subarray([idOf(1), idOf(2)]),
        select: fc.record({ filter, since: time }, { requiredKeys: [] }),
        state: word,
        note: word,
        reason: word,
        assignee: word,
      },
      { requiredKeys: [] },
    )
    .map(one => JSON.stringify(one)),
  fc
    .record(
      { condition: filter, from: time, until: time, reason: word },
      { requiredKeys: ['condition', 'until', 'reason'] },
    )
    .map(one => JSON.stringify(one)),
  fc
    .record(
      { rule: fc.constantFrom('Shell', 'x'), parts: fc.array(part, { maxLength: 3 }), since: time },
      { requiredKeys: ['rule', 'parts'] },
    )
    .map(one => JSON.stringify(one)),
)
const asked = fc
  .constantFrom(
    ...ROUTES.filter(({ inServer, whole, scope }) => !inServer && !whole && (scope === 'read' || scope === 'triage')),
  )
  .chain(route =>
    fc.record({
      route: fc.constant(route),
      given: fc.record(Object.fromEntries(Object.keys(route.parameters).map(name => [name, value(name)])), {
        requiredKeys: [],
      }),
      id: fc.oneof(fc.constantFrom(idOf(1), idOf(2), '0000', '1', 'Shell', `Rule ${SECRET}`), word),
      body,
    }),
  )

test('a tenant’s requests cause no internal error and leak no other namespace', { timeout: FUZZ_TIMEOUT }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-console-fuzz-'))
  const path = join(folder, 'alerts.db')
  const store = await Store.open(path)
  const fields = { 'proc.name': 'sh', 'fd.sip': '10.0.0.1', 'ka.verb': 'get' }
  store.insert([
    alert(1, { rule: 'Shell', output_fields: { ...fields, 'k8s.ns.name': 'ours' }, tags: ['a'] }),
    alert(2, {
      rule: `Rule ${SECRET}`,
      output: SECRET,
      tags: [SECRET],
      output_fields: { ...fields, 'proc.name': SECRET, 'k8s.ns.name': SECRET },
    }),
  ])
  store.close()
  const backend = new Backend({ path }, [k8sAudit()])
  onTestFinished(async () => {
    await backend.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const who = { name: 'tenant', scopes: ['read', 'triage'], namespaces: ['ours'] } as const
  await fc.assert(
    fc.asyncProperty(asked, async ({ route, given, id, body }) => {
      const parameters = new URLSearchParams(given as Record<string, string>)
      try {
        checkParameters(parameters, route.parameters)
        const json = await backend.answer(ROUTES.indexOf(route), {
          who,
          given: parameters,
          id,
          body: Buffer.from(body),
        })
        JSON.parse(json)
        // The response may repeat the requested ID.
        if (!id.includes(SECRET)) expect(json).not.toContain(SECRET)
      } catch (error) {
        const isFull = error instanceof StoreError && / silences$/.test(error.message)
        if (!(error instanceof Refused && error.status < 500) && !isFull) throw error
      }
    }),
    // The same requests in each run, unless more runs are requested.
    { seed: 1, ...fuzzed(500) },
  )
})
