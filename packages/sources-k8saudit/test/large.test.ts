/** What is hidden deep inside a large event is found: rules see all of it. */
import { Engine } from '@falc/engine'
import { expect, test } from 'vitest'
import { AuditLogDecoder, k8sAudit, parseAuditBody } from '../src/index.ts'

const RULES = `
- rule: Wildcard
  desc: d
  condition: ka.req.role.rules.verbs intersects ("*")
  output: "wildcard in %ka.target.name"
  priority: WARNING
  source: k8s_audit
- rule: Privileged
  desc: d
  condition: ka.req.pod.containers.privileged intersects (true)
  output: "privileged in %ka.target.name"
  priority: WARNING
  source: k8s_audit
`
const source = k8sAudit()
const engine = new Engine({ sources: [source] })
engine.load([{ name: 'rules.yaml', content: RULES }])

const harmless = { apiGroups: ['apps.example.com'], resources: ['deployments'], verbs: ['get', 'list'] }
const role = { rules: [...Array.from({ length: 5200 }, () => harmless), { ...harmless, verbs: ['*'] }] }
const container = { name: 'web', image: 'registry.shop.example:5000/team/web:1.2.3', command: ['/bin/server'] }
const containers = Array.from({ length: 4501 }, (_, i) =>
  i === 4000 ? { ...container, securityContext: { privileged: true } } : container,
)

const event = (name: string, requestObject: object): string =>
  JSON.stringify({ kind: 'Event', auditID: name, verb: 'create', objectRef: { name }, requestObject })

test.each([
  ["a role's 5,201st rule", event('role', role), 'wildcard in role'],
  ['a container among 4,501', event('pod', { spec: { containers } }), 'privileged in pod'],
])('%s', (_, text, alert) => {
  expect(text.length).toBeGreaterThan(300_000)
  const logged = new AuditLogDecoder({ maxEventSize: 1000 }).push(new TextEncoder().encode(`${text}\n`))
  const listed = parseAuditBody(`{"kind":"EventList","items":[${text}]}`, { maxEventSize: 1000 }).events
  for (const one of [...logged, ...listed]) {
    const alerts = engine.evaluate(source, one).map(({ output }) => output.replace(/^\S+ \S+ /, ''))
    expect(alerts).toEqual([alert])
    expect(one.printed().length).toBeLessThanOrEqual(1000)
  }
  expect([logged.length, listed.length]).toEqual([1, 1])
})
