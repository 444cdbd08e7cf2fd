/** Requests × rules × modes, what clients see and what is counted; then the webhook as a process, with TLS. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { fuzzed } from '../../../scripts/testing/fuzz.ts'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { cannotCertify, certificates, folder } from '../../outputs/test/transports/peer.ts'
import { Policy, WARNING_BYTES } from '../src/admission/policy.ts'
import { AdmissionWebhook } from '../src/admission/webhook.ts'
import { changedForRestart, loadConfig } from '../src/config/config.ts'
import { EARLY_LOG, Log } from '../src/log.ts'
import { loadEngine, notesOf } from '../src/rules/compile.ts'
import { loadSources } from '../src/sources/load.ts'
import { startFalc } from './process.ts'

const RULES = join(import.meta.dirname, '../../../rules/k8s_audit.yaml')
const MORE = `
- rule: Capability Added
  desc: d
  condition: ka.target.resource = pods and ka.verb = create and ka.req.pod.containers.add_capabilities intersects (SYS_ADMIN, NET_RAW)
  output: added
  priority: WARNING
  source: k8s_audit
  tags: [k8s]
`
const sources = await loadSources()
const files = [
  { name: 'k8s_audit.yaml', content: readFileSync(RULES, 'utf8') },
  { name: 'more.yaml', content: MORE },
]
const { engine, report } = loadEngine({ ruleMatching: 'all' }, { sources }, files)
const { rules } = notesOf(report)

/** A webhook with these options; `ask` returns its response to a request. */
function door(options: readonly string[], evaluate = (event: unknown) => engine.evaluate('k8s_audit', event)) {
  const config = loadConfig(undefined, [...options, 'admission.listen=127.0.0.1:0'])
  const made = new AdmissionWebhook({ config, rules, engine }, new Log({ ...EARLY_LOG, log_level: 'emergency' }))
  const sent: string[] = []
  const stop = new AbortController()
  // Stopped before it listens, since the tests call it directly.
  stop.abort()
  void made.run(
    {
      event: () => false,
      pause: () => undefined,
      judge: (event, tell) => {
        const alerts = evaluate(event)
        if (tell) sent.push(...alerts.map(({ rule }) => rule))
        return alerts
      },
    },
    stop.signal,
  )
  const ask = async (request: object) => {
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }
    const answer = await made.take(Buffer.from(JSON.stringify(review)))
    return 'body' in answer ? JSON.parse(answer.body).response : answer
  }
  const count = (name: string, labels: object = {}) =>
    made
      .series()
      .find(one => one.name === `falc_admission_${name}` && JSON.stringify(one.labels) === JSON.stringify(labels))
      ?.value
  return { made, ask, sent, count }
}

/** The request that a line in the format of requests.txt describes. */
function requestOf(line: string): object {
  const [, head = '', object] = /^(.*?)(?: (\{.*\}))?$/.exec(line)!
  const [username, operation, what = '', ...words] = head.split(' ')
  const { ns, name, options } = Object.fromEntries(words.map(word => word.split('=')))
  const [resource, subResource] = what.split('/')
  return {
    ...{ uid: 'u', operation, resource: { group: '', version: 'v1', resource }, userInfo: { username } },
    ...(subResource && { subResource }),
    ...(ns && { namespace: ns }),
    ...(name && { name }),
    ...(options && { options: { kind: options } }),
    ...(object && { object: JSON.parse(object) }),
  }
}

const DENIED = ['Privileged Container Created', 'Cluster-Admin Role Bound', 'Exec or Attach to Pod']
const warning = door([])
const byName = door(DENIED.map((rule, i) => `admission.deny.rules[${i}]=${rule}`))
const byTag = door(['admission.deny.tags[0]=k8s'])
const namesIn = (texts: readonly string[] = []) => texts.map(text => /^(?:falc: )?([^:]+):/.exec(text)![1]!)

for (const { cases } of readCases(new URL('cases/admission/', import.meta.url)))
  describe('requests', () => {
    test.each(cases)('$title', async one => {
      const matched = new Map<string, string[]>()
      for (const { input } of one.rows('requests')) {
        const { allowed, warnings, status } = await warning.ask(requestOf(input))
        expect({ allowed, status }).toEqual({ allowed: true })
        matched.set(input, namesIn(warnings))
      }
      one.expectRows('requests', input => matched.get(input)!.join(', '))
      for (const [input, names] of matched) {
        const denied = names.filter(name => DENIED.includes(name))
        const some = await byName.ask(requestOf(input))
        expect([some.allowed, namesIn(some.status?.message.split('; ')), namesIn(some.warnings)], input).toEqual([
          denied.length === 0,
          denied,
          names.filter(name => !denied.includes(name)),
        ])
        const all = await byTag.ask(requestOf(input))
        expect([all.allowed, namesIn(all.status?.message.split('; ')), all.warnings], input).toEqual([
          names.length === 0,
          names,
          undefined,
        ])
      }
    })
  })

const PRIVILEGED = requestOf(
  'dev CREATE pods ns=shop {"spec":{"hostPID":true,"containers":[{"image":"web","securityContext":{"privileged":true}}]}}',
)

test('the response names the rule, and what to change', async () => {
  const { ask } = door([
    'admission.deny.rules[0]=Privileged Container Created',
    'admission.remedies.Pod Using Host Namespaces=ask the platform team',
  ])
  expect(await ask(PRIVILEGED)).toEqual({
    ...{ uid: 'u', allowed: false },
    status: {
      ...{ code: 403, reason: 'Forbidden' },
      message:
        'Privileged Container Created: change spec.containers[*].securityContext.privileged or spec.initContainers[*].securityContext.privileged, or ask for an exception to the rule',
    },
    warnings: ['falc: Pod Using Host Namespaces: ask the platform team'],
    auditAnnotations: { denied: 'Privileged Container Created', warned: 'Pod Using Host Namespaces' },
  })
})

test('a dry run is judged but raises no alert', async () => {
  const { ask, sent, count } = door([])
  expect((await ask({ ...PRIVILEGED, dryRun: true })).warnings).toHaveLength(2)
  expect([sent, count('dry_runs_total')]).toEqual([[], 1])
  await ask(PRIVILEGED)
  expect(sent).toEqual(['Privileged Container Created', 'Pod Using Host Namespaces'])
})

describe('requests that cannot be judged', () => {
  const broken = () => {
    throw new Error('broken')
  }
  test.each([
    ['open', { allowed: true, warnings: ['falc: the request could not be judged: an error that the log shows'] }],
    ['closed', { allowed: false, status: { code: 500, reason: 'InternalError', message: expect.any(String) } }],
  ])('are allowed or denied by admission.on_failure=%s, and counted', async (mode, answer) => {
    const { ask, count } = door([`admission.on_failure=${mode}`], broken)
    expect(await ask(PRIVILEGED)).toMatchObject(answer)
    expect(count('reviews_total', { answer: 'unjudged' })).toBe(1)
  })

  test('get status 400 if the body is not a review, and are counted as invalid', async () => {
    const { made, count } = door([])
    expect(await made.take(Buffer.from('{}'))).toMatchObject({ status: 400, cause: 'bad-body' })
    expect(count('invalid_total')).toBe(1)
  })
})

test('all series exist from the start with value 0, and are documented', () => {
  const { made } = door(['admission.deny.tags[0]=k8s'])
  const names = new Set(made.series().map(({ name }) => name))
  expect(made.series().filter(({ value }) => value !== 0)).toEqual([])
  const page = readFileSync(join(import.meta.dirname, '../../../docs/admission.md'), 'utf8')
  expect([...names].filter(name => !page.includes(name))).toEqual([])
  const modes = made.series().filter(({ name }) => name === 'falc_admission_matches_total')
  // All rules but the one about impersonation.
  expect(modes).toHaveLength(rules.length - 1)
})

test('a rule denies only if all its fields are known at admission; unknown rules and tags are listed', () => {
  const content = [
    ['whole', 'ka.verb = create'],
    ['part', 'ka.verb = create and not ka.useragent startswith kubelet'],
    ['never', 'ka.response.code = 201'],
  ].map(([rule, condition]) => ({ rule, desc: 'd', condition, output: 'o', priority: 'NOTICE', source: 'k8s_audit' }))
  const { report } = loadEngine({}, { sources }, [{ name: 'r.yaml', content: JSON.stringify(content) }])
  const { admission } = loadConfig(undefined, [
    ...['whole', 'part', 'never', 'gone'].map((rule, i) => `admission.deny.rules[${i}]=${rule}`),
    'admission.deny.tags[0]=none',
  ])
  const { modes, notes, unknown } = new Policy(admission, notesOf(report).rules)
  expect([...modes]).toEqual([
    ['whole', 'deny'],
    ['part', 'warn'],
  ])
  expect(notes).toEqual([
    'rule "part" does not deny, it only warns: at admission nothing is known of ka.useragent',
    '1 rule cannot be judged before a request is carried out, for want of ka.response.code: never',
  ])
  expect(unknown).toEqual(['rule "gone"', 'rule with tag "none"'])
})

test('warnings and messages stay within their size limits, whatever the rule names', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 })
  const { admission } = loadConfig(undefined, ['admission.deny.tags[0]=d'])
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 40 }), fc.func(fc.boolean()), (names, denies) => {
      const notes = names.map(name => {
        const tags = denies(name) ? ['d'] : []
        return { name, source: 'k8s_audit', priority: 'Notice' as const, tags, enabled: true }
      })
      const { warnings = [], status } = new Policy(admission, notes).answer(names)
      const sizes = warnings.map(text => Buffer.byteLength(text))
      expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(WARNING_BYTES.each)
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(WARNING_BYTES.all)
      expect(Buffer.byteLength(status?.message ?? '')).toBeLessThanOrEqual(WARNING_BYTES.all)
      for (const one of [...warnings, status?.message ?? '']) expect(one.isWellFormed()).toBe(true)
    }),
    fuzzed(200),
  )
})

test('another deadline needs a restart: the server keeps its own', () => {
  const changed = changedForRestart(loadConfig(undefined, []), loadConfig(undefined, ['admission.deadline=5s']))
  expect(changed).toEqual(['admission.deadline'])
})

test.skipIf(cannotCertify())('the webhook serves TLS, reloads its certificate and mode, and has metrics', async () => {
  const dir = folder()
  const [first, second] = [certificates(), certificates()]
  const install = (pem: typeof first) => {
    copyFileSync(pem.key, join(dir, 'tls.key'))
    copyFileSync(pem.cert, join(dir, 'tls.crt'))
  }
  install(first)
  const [port, metrics] = [await freePort(), await freePort()]
  const configure = (deny: string) =>
    writeFileSync(
      join(dir, 'falco.yaml'),
      `stdout_output: {enabled: true}
admission: {listen: "127.0.0.1:${port}", certificate: tls.crt, certificate_key: tls.key, deny: {rules: [${deny}]}}
webserver: {enabled: true, listen_port: ${metrics}, listen_address: 127.0.0.1, prometheus_metrics_enabled: true}
`,
    )
  configure('')
  const falc = startFalc(['admission', '-c', 'falco.yaml', '-r', RULES], dir)
  onTestFinished(async () => {
    falc.child.kill('SIGKILL')
    await falc.exit
  })
  await falc.sees('Admission webhook listening')
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: PRIVILEGED })
  const ask = (ca: string) =>
    new Promise<any>((resolve, reject) => {
      const options = { method: 'POST', headers: { 'content-type': 'application/json' }, ca: readFileSync(ca) }
      const agent = new Agent({ keepAlive: true, maxCachedSessions: 0 })
      onTestFinished(() => agent.destroy())
      const url = `https://127.0.0.1:${port}/admission?timeout=3s`
      const sent = httpsRequest(url, { ...options, agent }, response => {
        // Longer than an API server keeps an idle connection open.
        expect(response.headers['keep-alive']).toBe('timeout=100')
        text(response).then(answer => resolve(JSON.parse(answer).response), reject)
      })
      sent.on('error', reject).end(body)
    })
  const page = async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
  expect(await page()).toContain('falc_admission_reviews_total{answer="denied"} 0\n')
  expect(await ask(first.ca)).toMatchObject({ allowed: true, warnings: [expect.any(String), expect.any(String)] })
  await falc.sees('Privileged container created')

  install(second)
  await falc.sees('admission: the new certificate or token is in use')
  expect(await ask(second.ca)).toMatchObject({ allowed: true })
  await expect(ask(first.ca)).rejects.toThrow()

  writeFileSync(join(dir, 'tls.crt'), 'no certificate')
  await falc.sees('no start line')
  expect(await ask(second.ca)).toMatchObject({ allowed: true })

  configure('Privileged Container Created')
  falc.child.kill('SIGHUP')
  await eventually(async () => expect(await ask(second.ca)).toMatchObject({ allowed: false }))
  // The page is cached for a second.
  await eventually(async () => expect(await page()).toMatch(/falc_admission_reviews_total\{answer="denied"\} [1-9]/))
  falc.child.kill('SIGTERM')
  expect(await falc.exit).toBe(0)
})
