import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Engine } from '../packages/engine/src/index.ts'
import { AuditLogDecoder, k8sAudit, parseAuditEvents } from '../packages/sources-k8saudit/src/index.ts'

const source = k8sAudit()
const engine = new Engine({ sources: [source], ruleMatching: 'all' })
const report = engine.load([
  { name: 'k8s_audit.yaml', content: readFileSync(join(import.meta.dirname, 'k8s_audit.yaml'), 'utf8') },
])

test('the rules load without errors or warnings', () => {
  expect(report.errors).toEqual([])
  expect(report.warnings).toEqual([])
})

interface Sketch {
  verb?: string
  uri?: string
  user?: string
  stage?: string
  code?: number
  /** resource, or resource/subresource */
  on?: string
  ns?: string
  name?: string
  as?: string
  body?: object
}

/** An audit event of a developer; by default a granted and completed creation. */
function eventOf(sketch: Sketch): string {
  const [resource, subresource] = (sketch.on ?? '').split('/')
  const code = sketch.code ?? 201
  return JSON.stringify({
    kind: 'Event',
    auditID: '4b0fa96f-0b55-4d7d-9d4c-6f1d4f9e5a10',
    stage: sketch.stage ?? 'ResponseComplete',
    stageTimestamp: '2026-03-17T10:00:00.000001Z',
    verb: sketch.verb ?? 'create',
    requestURI: sketch.uri ?? '/api/v1/x',
    user: { username: sketch.user ?? 'dev@shop.example' },
    ...(sketch.as && { impersonatedUser: { username: sketch.as } }),
    sourceIPs: ['192.0.2.7'],
    ...(sketch.on && { objectRef: { resource, subresource, namespace: sketch.ns, name: sketch.name ?? 'thing' } }),
    responseStatus: { code },
    requestObject: sketch.body,
    annotations: { 'authorization.k8s.io/decision': code === 403 ? 'forbid' : 'allow' },
  })
}

const podWith = (container: object, spec: object = {}): Sketch => ({
  on: 'pods',
  ns: 'shop',
  body: { spec: { containers: [{ name: 'c', image: 'registry.shop.example:5000/web:1', ...container }], ...spec } },
})
const bind = (role: string): Sketch => ({
  on: 'clusterrolebindings',
  body: { roleRef: { name: role }, subjects: [{ kind: 'User', name: 'eve' }] },
})
const role = (verbs: string[], resources: string[]): Sketch => ({
  on: 'clusterroles',
  body: { rules: [{ apiGroups: [''], verbs, resources }] },
})
const token = (ns: string): Sketch => ({ on: 'serviceaccounts/token', ns, body: { spec: { expirationSeconds: 3600 } } })
const configMap = (data: object): Sketch => ({ on: 'configmaps', ns: 'shop', body: { data } })
const service = (type: string): Sketch => ({
  on: 'services',
  ns: 'shop',
  body: { spec: { type, ports: [{ port: 80 }] } },
})

/** By rule: events on which it must fire, and events on which it must not. */
const CASES: Record<string, { fires: Sketch[]; stays: Sketch[] }> = {
  'Anonymous API Request': {
    fires: [
      { user: 'system:anonymous', verb: 'list', on: 'secrets', code: 403 },
      { user: 'system:anonymous', verb: 'get', uri: '/api/v1/namespaces', code: 200 },
    ],
    stays: [
      { user: 'system:anonymous', verb: 'get', uri: '/readyz?verbose', code: 200 },
      { verb: 'list', on: 'secrets', ns: 'shop', code: 200 },
    ],
  },
  'User Impersonated': {
    fires: [{ verb: 'get', on: 'pods', ns: 'shop', as: 'admin', code: 200 }],
    stays: [{ verb: 'get', on: 'pods', ns: 'shop', code: 200 }],
  },
  'Exec or Attach to Pod': {
    fires: [{ stage: 'ResponseStarted', on: 'pods/exec', ns: 'shop', code: 101, uri: '/x/exec?command=sh' }],
    stays: [
      { stage: 'ResponseComplete', on: 'pods/exec', ns: 'shop', code: 101 },
      { stage: 'ResponseStarted', verb: 'get', on: 'pods/log', ns: 'shop', code: 200 },
    ],
  },
  'Ephemeral Container Added to Pod': {
    fires: [{ verb: 'patch', on: 'pods/ephemeralcontainers', ns: 'shop', code: 200 }],
    stays: [{ verb: 'get', on: 'pods/ephemeralcontainers', ns: 'shop', code: 200 }],
  },
  'Kubelet Request Proxied by API Server': {
    fires: [{ verb: 'get', on: 'nodes/proxy', code: 200 }],
    stays: [
      { verb: 'get', on: 'nodes/proxy', code: 403 },
      { verb: 'get', on: 'nodes/status', code: 200 },
    ],
  },
  'Privileged Container Created': {
    fires: [
      podWith({ securityContext: { privileged: true } }),
      podWith({}, { initContainers: [{ name: 'i', image: 'i', securityContext: { privileged: true } }] }),
    ],
    stays: [
      podWith({ securityContext: { privileged: false } }),
      podWith({ image: 'registry.k8s.io/kube-proxy:v1.33.2', securityContext: { privileged: true } }),
      { ...podWith({ securityContext: { privileged: true } }), code: 403 },
    ],
  },
  'Sensitive Host Path Mounted by Pod': {
    fires: [
      podWith(
        {},
        {
          volumes: [
            { name: 'tmp', emptyDir: {} },
            { name: 'h', hostPath: { path: '/etc' } },
          ],
        },
      ),
    ],
    stays: [podWith({}, { volumes: [{ name: 'h', hostPath: { path: '/srv/cache' } }] }), podWith({})],
  },
  'Pod Using Host Namespaces': {
    fires: [podWith({}, { hostNetwork: true }), podWith({}, { hostPID: true }), podWith({}, { hostIPC: true })],
    stays: [podWith({}, { hostNetwork: false }), podWith({})],
  },
  'Cluster-Admin Role Bound': {
    fires: [bind('cluster-admin')],
    stays: [bind('view'), { ...bind('cluster-admin'), code: 403 }],
  },
  'Role With Wildcards Created': {
    fires: [role(['*'], ['pods']), role(['get'], ['*'])],
    stays: [role(['get', 'list'], ['pods']), { ...role(['*'], ['*']), user: 'system:apiserver' }],
  },
  'System Service Account Token Issued': {
    fires: [token('kube-system')],
    stays: [token('shop'), { ...token('kube-system'), user: 'system:node:worker-1' }],
  },
  'Secrets Listed in All Namespaces': {
    fires: [{ verb: 'list', on: 'secrets', code: 200 }],
    stays: [
      { verb: 'list', on: 'secrets', ns: 'shop', code: 200 },
      { verb: 'list', on: 'secrets', code: 200, user: 'system:serviceaccount:kube-system:generic-garbage-collector' },
    ],
  },
  'Credentials Written to ConfigMap': {
    fires: [configMap({ env: 'AWS_ACCESS_KEY_ID=AKIA' }), configMap({ password: 'hunter2' })],
    stays: [configMap({ LOG_LEVEL: 'info' }), { verb: 'get', on: 'configmaps', ns: 'shop', code: 200 }],
  },
  'NodePort Service Created by User': {
    fires: [service('NodePort')],
    stays: [service('ClusterIP')],
  },
  'Workload Created in kube-system': {
    fires: [{ on: 'deployments', ns: 'kube-system' }],
    stays: [
      { on: 'deployments', ns: 'shop' },
      { on: 'pods', ns: 'kube-system', user: 'system:serviceaccount:kube-system:daemon-set-controller' },
    ],
  },
  'Kubernetes Events Deleted': {
    fires: [{ verb: 'deletecollection', on: 'events', ns: 'ci', code: 200 }],
    stays: [{ verb: 'list', on: 'events', ns: 'ci', code: 200 }],
  },
}

const firedBy = (sketch: Sketch): string[] =>
  engine.evaluate(source, parseAuditEvents(eventOf(sketch))[0]!).map(alert => alert.rule)

test('every rule has cases', () => {
  expect(report.rules.map(rule => rule.name).sort()).toEqual(Object.keys(CASES).sort())
})

describe.each(Object.entries(CASES))('%s', (rule, { fires, stays }) => {
  test.each(fires)('fires on $verb $on $ns', sketch => {
    expect(firedBy(sketch)).toContain(rule)
  })
  test.each(stays)('does not fire on $verb $on $ns', sketch => {
    expect(firedBy(sketch)).not.toContain(rule)
  })
})

test('the bundled audit log raises these alerts and no others', () => {
  const decoder = new AuditLogDecoder()
  const bytes = readFileSync(join(import.meta.dirname, '../examples/captures/k8s-audit.jsonl'))
  const events = [...decoder.push(bytes), ...decoder.end()]
  const counts: Record<string, number> = {}
  for (const event of events)
    for (const { rule } of engine.evaluate(source, event)) counts[rule] = (counts[rule] ?? 0) + 1
  expect(events.length).toBeGreaterThan(180)
  expect(counts).toEqual({
    'Anonymous API Request': 1,
    'Secrets Listed in All Namespaces': 1,
    'Exec or Attach to Pod': 1,
    'Privileged Container Created': 1,
    'Pod Using Host Namespaces': 2,
    'Sensitive Host Path Mounted by Pod': 1,
    'Cluster-Admin Role Bound': 1,
    'Role With Wildcards Created': 1,
    'System Service Account Token Issued': 1,
    'Workload Created in kube-system': 1,
    'NodePort Service Created by User': 1,
    'Credentials Written to ConfigMap': 1,
    'Kubelet Request Proxied by API Server': 1,
    'User Impersonated': 1,
    'Ephemeral Container Added to Pod': 1,
    'Kubernetes Events Deleted': 1,
  })
})
