/** Admission reviews as audit events: which parts are known, and that the log of a request gives the same event. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileCondition, parseCondition } from '@falc/engine'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { fuzzed, fuzzRuns } from '../../../scripts/testing/fuzz.ts'
import { ROWS } from '../src/fields/fields.ts'
import {
  asReviewed,
  judgementOf,
  k8sAudit,
  knownOf,
  PARTS,
  parseAuditEvents,
  parseReview,
  printAnswer,
  ReviewError,
} from '../src/index.ts'

const source = k8sAudit()

for (const { cases } of readCases(new URL('cases/admission/', import.meta.url)))
  describe('a condition at admission', () => {
    test.each(cases)('$title', one =>
      one.expectRows('judgements', text => {
        compileCondition(text, source)
        const { judged, unknown, object } = judgementOf(parseCondition(text))
        return [judged, unknown.join(', '), object.join(', ')].join(' | ').replaceAll('|  |', '| |').trimEnd()
      }),
    )
  })

test('docs/admission.md lists every part of an event; exactly these fields are never known at admission', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/admission.md'), 'utf8').replace(/ +/g, ' ')
  const rows = PARTS.map(({ pointer, known, why }) => `| \`${pointer}\` | ${known} | ${why} |`)
  expect(rows.filter(row => !page.includes(row))).toEqual([])
  const absent = Object.entries(ROWS).filter(([, { pointer }]) => pointer !== '' && knownOf(pointer) === 'no')
  expect(absent.map(([name]) => name).sort()).toEqual([
    ...['ka.auth.openshift.decision', 'ka.auth.openshift.username', 'ka.auth.reason', 'ka.cluster.name'],
    ...['ka.impuser.name', 'ka.security.pod.violations', 'ka.sourceips', 'ka.useragent'],
    'ka.validations.admission.policy.failure',
  ])
})

const review = (request: object) =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request })
const pods = { group: '', version: 'v1', resource: 'pods' }

describe('a review as an audit event', () => {
  const NOW = '2026-05-04T10:20:30.000Z'
  const event = (request: object) => parseReview(review({ uid: 'u', userInfo: {}, ...request }), NOW).events[0]!.root

  test('a new pod', () => {
    const object = { metadata: { name: 'web' }, spec: { hostPID: true } }
    const userInfo = { username: 'dev', groups: ['a'] }
    expect(event({ operation: 'CREATE', resource: pods, namespace: 'shop', object, userInfo })).toEqual({
      ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'RequestResponse', auditID: 'u' },
      ...{ stage: 'ResponseComplete', requestURI: '/api/v1/namespaces/shop/pods', verb: 'create', user: userInfo },
      objectRef: { resource: 'pods', namespace: 'shop', name: 'web', apiVersion: 'v1' },
      ...{ requestObject: object, requestReceivedTimestamp: NOW, stageTimestamp: NOW },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    })
  })

  test.each([
    ['update', { operation: 'UPDATE', options: { kind: 'UpdateOptions' } }],
    ['patch', { operation: 'UPDATE', options: { kind: 'PatchOptions' } }],
    // A server-side apply: a rule that forbids creation covers it, too.
    ['create', { operation: 'CREATE', options: { kind: 'PatchOptions' } }],
    ['delete', { operation: 'DELETE', oldObject: { metadata: { name: 'web' } } }],
  ])('%s', (verb, request) => expect(event({ resource: pods, name: 'web', ...request }).verb).toBe(verb))

  test('exec in a pod gives an event for its start and one for its end, with its parameters in the URI', () => {
    const request = { uid: 'u', operation: 'CONNECT', resource: pods, subResource: 'exec', namespace: 'a', name: 'b' }
    const object = {
      kind: 'PodExecOptions',
      apiVersion: 'v1',
      stdin: true,
      container: 'c',
      command: ['sh', '-c', 'a b'],
    }
    const { events } = parseReview(review({ ...request, object, dryRun: true }), NOW)
    expect(events.map(({ root }) => [root.stage, root.requestObject, root.requestURI])).toEqual(
      ['ResponseStarted', 'ResponseComplete'].map(stage => [
        stage,
        undefined,
        '/api/v1/namespaces/a/pods/b/exec?stdin=true&container=c&command=sh&command=-c&command=a+b&dryRun=All',
      ]),
    )
  })

  test('a lone surrogate in a name is kept, and becomes U+FFFD in the URI', () => {
    const { objectRef, requestURI } = event({ operation: 'CREATE', resource: pods, namespace: 'a\ud800' })
    expect(objectRef).toMatchObject({ namespace: 'a\ud800' })
    expect(requestURI).toBe('/api/v1/namespaces/a%EF%BF%BD/pods')
  })

  test('the resource is the requested one, not the one it was converted to', () => {
    const request = { operation: 'UPDATE', resource: { group: 'apps', version: 'v1', resource: 'deployments' } }
    const requestResource = { group: 'extensions', version: 'v1beta1', resource: 'deployments' }
    const { objectRef, requestURI } = event({ ...request, requestResource, name: 'd', namespace: 'n' })
    expect(objectRef).toMatchObject({ apiGroup: 'extensions', apiVersion: 'v1beta1' })
    expect(requestURI).toBe('/apis/extensions/v1beta1/namespaces/n/deployments/d')
  })
})

test('asReviewed gives, for a logged request, the event of its review', () => {
  const request = { uid: 'u', operation: 'CREATE', resource: pods, namespace: 'shop', userInfo: { username: 'dev' } }
  const { events } = parseReview(review({ ...request, object: { metadata: { name: 'web' } } }))
  const logged = {
    ...events[0]!.root,
    ...{
      sourceIPs: ['10.0.0.1'],
      userAgent: 'kubectl',
      responseStatus: { code: 201 },
      responseObject: { kind: 'Pod' },
    },
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'RBAC' },
  }
  const back = (root: object) => asReviewed(parseAuditEvents(JSON.stringify(root))[0]!)
  expect(back(logged)).toMatchObject({ bare: false, event: { root: events[0]!.root } })
  // An apply that created, and one that changed.
  expect(back({ ...logged, verb: 'patch' }).event!.root.verb).toBe('create')
  expect(back({ ...logged, verb: 'patch', responseStatus: { code: 200 } }).event!.root.verb).toBe('patch')
  expect(
    back({ ...logged, user: { username: 'admin' }, impersonatedUser: { username: 'eve' } }).event!.root.user,
  ).toEqual({
    username: 'eve',
  })
  const forbidden = { ...logged, annotations: { 'authorization.k8s.io/decision': 'forbid' } }
  for (const other of [{ ...logged, verb: 'list' }, forbidden, { ...logged, stage: 'RequestReceived' }])
    expect(back(other).event).toBeUndefined()
  expect(back({ ...logged, requestObject: undefined }).bare).toBe(true)
})

test.each([
  ['', 'Unexpected end of JSON input'],
  ['[]', 'it is not an AdmissionReview'],
  ['{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}', 'is not admission.k8s.io/v1'],
  [review([]), 'it has no request'],
  [review({ uid: '', operation: 'CREATE', resource: pods }), 'no uid'],
  [review({ uid: 'u', operation: 'toString', resource: pods }), 'operation "toString" is not one of CREATE'],
  [review({ uid: 'u', operation: 'CREATE', resource: 'pods' }), 'no resource'],
  [`{"kind":"AdmissionReview","a":${'['.repeat(3000)}${']'.repeat(3000)}}`, 'nested deeper than 2000'],
])('not a review: %.60s', (text, reason) => expect(() => parseReview(text)).toThrow(reason))

test('fuzzed reviews: an answer or a ReviewError, and every field can be read', () => {
  const word = fc.constantFrom('', 'pods', 'exec', 'CREATE', 'CONNECT', 'DELETE', 'u', '__proto__', '\u2028', '/', '%')
  const value = fc.oneof({ weight: 3, arbitrary: word }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) })
  const good = { uid: 'u', operation: 'CREATE', resource: pods, namespace: 'n', name: 'x', object: { spec: {} } }
  const key = fc.constantFrom(
    ...['uid', 'operation', 'resource', 'requestResource', 'subResource', 'requestSubResource', 'name', 'namespace'],
    ...['object', 'oldObject', 'options', 'userInfo', 'dryRun'],
  )
  const fields = Object.entries(ROWS).map(([name, { arg }]) => (arg === 'key' ? `${name}[x]` : name))
  const conditions = fields.map(name => compileCondition(`${name} exists`, source))
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 4 }), changes => {
      const text = review({ ...good, ...Object.fromEntries(changes) })
      try {
        const { uid, events } = parseReview(text)
        for (const event of events) for (const condition of conditions) condition.test(event)
        expect(JSON.parse(printAnswer(uid, { allowed: true })).response).toEqual({ uid, allowed: true })
      } catch (error) {
        if (!(error instanceof ReviewError)) throw error
      }
    }),
    fuzzed(fuzzRuns(1000)),
  )
})
