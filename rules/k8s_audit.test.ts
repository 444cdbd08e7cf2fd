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

/** Rule: what it must fire on, what it must not. */
const CASES: Record<string, { fires: Sketch[]; stays: Sketch[] }> = {
  'API asked without credentials': {
    fires: [
      { user: 'system:anonymous', verb: 'list', on: 'secrets', code: 403 },
      { user: 'system:anonymous', verb: 'get', uri: '/api/v1/namespaces', code: 200 },
    ],
    stays: [
      { user: 'system:anonymous', verb: 'get', uri: '/readyz?verbose', code: 200 },
      { verb: 'list', on: 'secrets', ns: 'shop', code: 200 },
    ],
  },
  'Request made as somebody else': {
    fires: [{ verb: 'get', on: 'pods', ns: 'shop', as: 'admin', code: 200 }],
    stays: [{ verb: 'get', on: 'pods', ns: 'shop', code: 200 }],
  },
  'Command run in a pod': {
    fires: [{ stage: 'ResponseStarted', on: 'pods/exec', ns: 'shop', code: 101, uri: '/x/exec?command=sh' }],
    stays: [
      { stage: 'ResponseComplete', on: 'pods/exec', ns: 'shop', code: 101 },
      { stage: 'ResponseStarted', verb: 'get', on: 'pods/log', ns: 'shop', code: 200 },
    ],
  },
  'Container added to a running pod': {
    fires: [{ verb: 'patch', on: 'pods/ephemeralcontainers', ns: 'shop', code: 200 }],
    stays: [{ verb: 'get', on: 'pods/ephemeralcontainers', ns: 'shop', code: 200 }],
  },
  'Kubelet reached through the API server': {
    fires: [{ verb: 'get', on: 'nodes/proxy', code: 200 }],
    stays: [
      { verb: 'get', on: 'nodes/proxy', code: 403 },
      { verb: 'get', on: 'nodes/status', code: 200 },
    ],
  },
  'Privileged container requested': {
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
  'Node directory mounted into a pod': {
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
  'Pod shares namespaces of its node': {
    fires: [podWith({}, { hostNetwork: true }), podWith({}, { hostPID: true }), podWith({}, { hostIPC: true })],
    stays: [podWith({}, { hostNetwork: false }), podWith({})],
  },
  'Cluster administrator appointed': {
    fires: [bind('cluster-admin')],
    stays: [bind('view'), { ...bind('cluster-admin'), code: 403 }],
  },
  'Role with all rights created': {
    fires: [role(['*'], ['pods']), role(['get'], ['*'])],
    stays: [role(['get', 'list'], ['pods']), { ...role(['*'], ['*']), user: 'system:apiserver' }],
  },
  'Token issued for a system account': {
    fires: [token('kube-system')],
    stays: [token('shop'), { ...token('kube-system'), user: 'system:node:worker-1' }],
  },
  'Secrets of all namespaces read': {
    fires: [{ verb: 'list', on: 'secrets', code: 200 }],
    stays: [
      { verb: 'list', on: 'secrets', ns: 'shop', code: 200 },
      { verb: 'list', on: 'secrets', code: 200, user: 'system:serviceaccount:kube-system:generic-garbage-collector' },
    ],
  },
  'Credentials in a config map': {
    fires: [configMap({ env: 'AWS_ACCESS_KEY_ID=AKIA' }), configMap({ password: 'hunter2' })],
    stays: [configMap({ LOG_LEVEL: 'info' }), { verb: 'get', on: 'configmaps', ns: 'shop', code: 200 }],
  },
  'Service opened on every node': {
    fires: [service('NodePort')],
    stays: [service('ClusterIP')],
  },
  'Workload placed in kube-system': {
    fires: [{ on: 'deployments', ns: 'kube-system' }],
    stays: [
      { on: 'deployments', ns: 'shop' },
      { on: 'pods', ns: 'kube-system', user: 'system:serviceaccount:kube-system:daemon-set-controller' },
    ],
  },
  'Traces deleted': {
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

test('the bundled audit log: what is wrong in it is found, and nothing else', () => {
  const decoder = new AuditLogDecoder()
  const bytes = readFileSync(join(import.meta.dirname, '../examples/captures/k8s-audit.jsonl'))
  const events = [...decoder.push(bytes), ...decoder.end()]
  const counts: Record<string, number> = {}
  for (const event of events)
    for (const { rule } of engine.evaluate(source, event)) counts[rule] = (counts[rule] ?? 0) + 1
  expect(events.length).toBeGreaterThan(180)
  expect(counts).toEqual({
    'API asked without credentials': 1,
    'Secrets of all namespaces read': 1,
    'Command run in a pod': 1,
    'Privileged container requested': 1,
    'Pod shares namespaces of its node': 2,
    'Node directory mounted into a pod': 1,
    'Cluster administrator appointed': 1,
    'Role with all rights created': 1,
    'Token issued for a system account': 1,
    'Workload placed in kube-system': 1,
    'Service opened on every node': 1,
    'Credentials in a config map': 1,
    'Kubelet reached through the API server': 1,
    'Request made as somebody else': 1,
    'Container added to a running pod': 1,
    'Traces deleted': 1,
  })
})
