/**
 * Writes k8s-audit.jsonl: twenty minutes in the audit log of a small cluster that runs a web shop. Most of it is the
 * cluster looking after itself, some is people and pipelines at work, and one intruder gets in by a leaked token of the
 * build server and moves on. Nothing is random: the same file comes out each time.
 *
 *   node examples/captures/k8s-audit.generate.ts
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Fields = Record<string, unknown>
interface User {
  readonly username: string
  readonly groups: readonly string[]
  readonly agent: string
  readonly ip: string
}
interface Request {
  readonly verb: string
  readonly uri?: string
  readonly resource?: string
  readonly group?: string
  readonly version?: string
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
  readonly code?: number
  readonly reason?: string
  readonly stage?: string
  readonly level?: string
  readonly request?: Fields
  readonly response?: Fields
  readonly impersonate?: string
  readonly why?: string
}

const KUBECTL = 'kubectl/v1.33.2 (linux/amd64) kubernetes/4f7ea3f'
const COMPONENT = 'v1.33.2 (linux/amd64) kubernetes/4f7ea3f'
const START = Date.UTC(2026, 2, 17, 9, 41, 0)

const account = (namespace: string, name: string, ip: string, agent: string): User => ({
  username: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  ip,
  agent,
})
const node = (name: string, ip: string): User => ({
  username: `system:node:${name}`,
  groups: ['system:nodes', 'system:authenticated'],
  ip,
  agent: `kubelet/${COMPONENT}`,
})
const person = (name: string, team: string, ip: string): User => ({
  username: `${name}@shop.example`,
  groups: [team, 'system:authenticated'],
  ip,
  agent: KUBECTL,
})

const NODES = [node('worker-1', '10.20.0.11'), node('worker-2', '10.20.0.12'), node('worker-3', '10.20.0.13')]
const SCHEDULER: User = { username: 'system:kube-scheduler', groups: ['system:authenticated'], ip: '10.20.0.2', agent: `kube-scheduler/${COMPONENT}/scheduler` }
const CONTROLLER: User = { username: 'system:kube-controller-manager', groups: ['system:authenticated'], ip: '10.20.0.2', agent: `kube-controller-manager/${COMPONENT}/leader-election` }
const REPLICASETS = account('kube-system', 'replicaset-controller', '10.20.0.2', `kube-controller-manager/${COMPONENT}/system:serviceaccount:kube-system:replicaset-controller`)
const SLICES = account('kube-system', 'endpointslice-controller', '10.20.0.2', `kube-controller-manager/${COMPONENT}/system:serviceaccount:kube-system:endpointslice-controller`)
const DNS = account('kube-system', 'coredns', '10.42.0.5', 'coredns/1.12.1 (linux/amd64)')
const PROMETHEUS = account('monitoring', 'prometheus', '10.42.1.17', 'Prometheus/3.4.1')
const DEPLOYER = account('ci', 'deployer', '10.42.2.31', 'helm/3.18.3')
const PROBE: User = { username: 'system:anonymous', groups: ['system:unauthenticated'], ip: '10.20.0.1', agent: 'kube-probe/1.33' }
const LINA = person('lina', 'platform', '192.0.2.21')
const OMAR = person('omar', 'payments', '192.0.2.34')
/** The build server's token in other hands: another address, another client. */
const INTRUDER: User = { ...DEPLOYER, ip: '203.0.113.77', agent: 'python-requests/2.32.4' }
const STRANGER: User = { username: 'system:anonymous', groups: ['system:unauthenticated'], ip: '203.0.113.77', agent: 'Go-http-client/2.0' }

const lines: string[] = []
let clock = START

/** A version 4 UUID in form, from the number of events so far and a word. */
function uuid(salt: string): string {
  const hex = createHash('sha256').update(`${salt} ${lines.length}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const time = (ms: number, micros: number): string => `${new Date(ms).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`

function uriOf(r: Request): string {
  const root = r.group ? `/apis/${r.group}/${r.version ?? 'v1'}` : '/api/v1'
  const parts = [root, r.namespace && `namespaces/${r.namespace}`, r.resource, r.verb === 'create' && !r.subresource ? undefined : r.name, r.subresource]
  return parts.filter(Boolean).join('/')
}

function log(user: User, r: Request): void {
  const micros = (lines.length * 37) % 1000
  clock += 2500 + ((lines.length * 1907) % 6000)
  const code = r.code ?? (r.verb === 'create' ? 201 : 200)
  const failed = code >= 400
  const event: Fields = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: r.level ?? (r.response ? 'RequestResponse' : r.request ? 'Request' : 'Metadata'),
    auditID: uuid('audit'),
    stage: r.stage ?? 'ResponseComplete',
    requestURI: r.uri ?? uriOf(r),
    verb: r.verb,
    user: {
      username: user.username,
      ...(user.username.startsWith('system:serviceaccount:') && { uid: uuid(user.username) }),
      groups: user.groups,
    },
    ...(r.impersonate && { impersonatedUser: { username: r.impersonate, groups: ['system:masters', 'system:authenticated'] } }),
    sourceIPs: [user.ip],
    userAgent: user.agent,
    ...(r.resource && {
      objectRef: {
        resource: r.resource,
        ...(r.namespace && { namespace: r.namespace }),
        ...(r.name && { name: r.name }),
        ...(r.group && { apiGroup: r.group }),
        apiVersion: r.version ?? 'v1',
        ...(r.subresource && { subresource: r.subresource }),
      },
    }),
    responseStatus: { metadata: {}, ...(failed && { status: 'Failure', reason: r.reason ?? 'Forbidden' }), code },
    ...(r.request && { requestObject: r.request }),
    ...(r.response && { responseObject: r.response }),
    requestReceivedTimestamp: time(clock, micros),
    stageTimestamp: time(clock + 4 + (lines.length % 9), (micros + 211) % 1000),
    annotations: {
      'authorization.k8s.io/decision': failed && code === 403 ? 'forbid' : 'allow',
      'authorization.k8s.io/reason': r.why ?? (failed ? '' : 'RBAC: allowed by ClusterRoleBinding'),
    },
  }
  lines.push(JSON.stringify(event))
}

const pod = (name: string, namespace: string, spec: Fields, labels: Fields = {}): Fields => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name, namespace, creationTimestamp: null, labels },
  spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', ...spec },
  status: {},
})
const container = (name: string, image: string, more: Fields = {}): Fields => ({
  name,
  image,
  resources: { requests: { cpu: '100m', memory: '128Mi' } },
  imagePullPolicy: 'IfNotPresent',
  ...more,
})
const SAFE = { securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: 10001 } }

function createPod(user: User, name: string, namespace: string, spec: Fields, labels: Fields = {}): void {
  const object = pod(name, namespace, spec, labels)
  log(user, {
    verb: 'create', resource: 'pods', namespace, name, request: object,
    response: { ...object, metadata: { ...(object.metadata as Fields), uid: uuid(name), creationTimestamp: time(clock, 0).slice(0, 19) + 'Z' } },
  })
}

/** What a cluster does all the time; `turn` varies it. */
function routine(turn: number): void {
  const kubelet = NODES[turn % NODES.length]!
  const name = kubelet.username.slice('system:node:'.length)
  log(kubelet, { verb: 'update', resource: 'leases', group: 'coordination.k8s.io', namespace: 'kube-node-lease', name })
  switch (turn % 7) {
    case 0:
      log(CONTROLLER, { verb: 'update', resource: 'leases', group: 'coordination.k8s.io', namespace: 'kube-system', name: 'kube-controller-manager' })
      break
    case 1:
      log(kubelet, { verb: 'patch', resource: 'nodes', name, subresource: 'status' })
      break
    case 2:
      log(PROMETHEUS, { verb: 'list', resource: 'pods', uri: '/api/v1/pods?limit=500&resourceVersion=0' })
      break
    case 3:
      log(PROBE, { verb: 'get', uri: '/readyz', why: 'RBAC: allowed by ClusterRoleBinding "system:public-info-viewer"' })
      break
    case 4:
      log(DNS, { verb: 'watch', resource: 'endpointslices', group: 'discovery.k8s.io', uri: '/apis/discovery.k8s.io/v1/endpointslices?allowWatchBookmarks=true&watch=true' })
      break
    case 5:
      log(SLICES, { verb: 'update', resource: 'endpointslices', group: 'discovery.k8s.io', namespace: 'shop', name: 'web-7xk2p' })
      break
    case 6:
      log(SCHEDULER, { verb: 'get', resource: 'configmaps', namespace: 'kube-system', name: 'extension-apiserver-authentication' })
      break
  }
}

/** A pod as a replica set makes it and the scheduler places it. */
function rollout(app: string, namespace: string, image: string, hash: string): void {
  createPod(REPLICASETS, `${app}-${hash}`, namespace, { containers: [container(app, image, { ...SAFE, ports: [{ containerPort: 8080 }] })], serviceAccountName: app }, { app })
  log(SCHEDULER, { verb: 'create', resource: 'pods', namespace, name: `${app}-${hash}`, subresource: 'binding', code: 201 })
  log(NODES[1]!, { verb: 'patch', resource: 'pods', namespace, name: `${app}-${hash}`, subresource: 'status' })
}

let turn = 0
const quiet = (turns: number): void => {
  for (let i = 0; i < turns; i++) routine(turn++)
}

// Morning: people at work.
quiet(8)
log(LINA, { verb: 'list', resource: 'nodes', uri: '/api/v1/nodes?limit=500' })
log(LINA, { verb: 'get', resource: 'deployments', group: 'apps', namespace: 'shop', name: 'web' })
quiet(4)
log(OMAR, { verb: 'get', resource: 'pods', namespace: 'payments', name: 'ledger-5f6d8c9b7-q2v4x', subresource: 'log', uri: '/api/v1/namespaces/payments/pods/ledger-5f6d8c9b7-q2v4x/log?tailLines=200' })
log(DEPLOYER, { verb: 'patch', resource: 'deployments', group: 'apps', namespace: 'shop', name: 'web', request: { spec: { template: { spec: { containers: [{ name: 'web', image: 'registry.shop.example:5000/web:4.18.0' }] } } } } })
rollout('web', 'shop', 'registry.shop.example:5000/web:4.18.0', '7c9d4f6b5-h8k2m')
rollout('web', 'shop', 'registry.shop.example:5000/web:4.18.0', '7c9d4f6b5-x4z9t')
quiet(5)
log(LINA, { verb: 'create', resource: 'configmaps', namespace: 'shop', name: 'web-settings', request: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'web-settings', namespace: 'shop' }, data: { LOG_LEVEL: 'info', FEATURE_GIFTCARDS: 'on' } } })
log(LINA, { verb: 'create', resource: 'services', namespace: 'shop', name: 'web', request: { kind: 'Service', apiVersion: 'v1', metadata: { name: 'web', namespace: 'shop' }, spec: { type: 'ClusterIP', selector: { app: 'web' }, ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }] } } })
quiet(6)

// Somebody knocks.
log(STRANGER, { verb: 'get', uri: '/version', why: 'RBAC: allowed by ClusterRoleBinding "system:public-info-viewer"' })
log(STRANGER, { verb: 'list', resource: 'secrets', uri: '/api/v1/secrets', code: 403 })
quiet(3)

// The build server's token has leaked: first a look around.
log(INTRUDER, { verb: 'create', resource: 'selfsubjectrulesreviews', group: 'authorization.k8s.io', request: { kind: 'SelfSubjectRulesReview', apiVersion: 'authorization.k8s.io/v1', spec: { namespace: 'ci' } } })
log(INTRUDER, { verb: 'list', resource: 'secrets', uri: '/api/v1/secrets?limit=500' })
log(INTRUDER, { verb: 'get', resource: 'secrets', namespace: 'payments', name: 'card-processor-key' })
quiet(4)

// Into a running pod, and out to the node.
log(INTRUDER, { verb: 'create', resource: 'pods', namespace: 'payments', name: 'ledger-5f6d8c9b7-q2v4x', subresource: 'exec', uri: '/api/v1/namespaces/payments/pods/ledger-5f6d8c9b7-q2v4x/exec?command=sh&command=-c&command=env&container=ledger&stdin=true&stdout=true', code: 101, stage: 'ResponseStarted' })
log(INTRUDER, { verb: 'create', resource: 'pods', namespace: 'payments', name: 'ledger-5f6d8c9b7-q2v4x', subresource: 'exec', uri: '/api/v1/namespaces/payments/pods/ledger-5f6d8c9b7-q2v4x/exec?command=sh&command=-c&command=env&container=ledger&stdin=true&stdout=true', code: 101 })
quiet(3)
createPod(INTRUDER, 'node-tuner', 'ci', { containers: [container('tuner', 'docker.io/library/alpine:3.22', { command: ['nsenter'], args: ['-t', '1', '-m', '-u', '-i', '-n', 'sh'], securityContext: { privileged: true, runAsUser: 0 } })], hostPID: true })
createPod(INTRUDER, 'disk-check', 'ci', { containers: [container('check', 'docker.io/library/busybox:1.37', { command: ['sleep', 'infinity'], volumeMounts: [{ name: 'host', mountPath: '/host' }] })], volumes: [{ name: 'host', hostPath: { path: '/', type: 'Directory' } }] })
quiet(4)
createPod(INTRUDER, 'netwatch', 'shop', { containers: [container('netwatch', 'docker.io/nicolaka/netshoot:v0.14', { command: ['tcpdump'], args: ['-i', 'any', '-w', '-'], securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } } })], hostNetwork: true })
quiet(3)

// To stay.
log(INTRUDER, { verb: 'create', resource: 'clusterrolebindings', group: 'rbac.authorization.k8s.io', name: 'ci-maintenance', request: { kind: 'ClusterRoleBinding', apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'ci-maintenance' }, subjects: [{ kind: 'ServiceAccount', name: 'deployer', namespace: 'ci' }], roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' } } })
log(INTRUDER, { verb: 'create', resource: 'clusterroles', group: 'rbac.authorization.k8s.io', name: 'metrics-reader-v2', request: { kind: 'ClusterRole', apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'metrics-reader-v2' }, rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] } })
log(INTRUDER, { verb: 'create', resource: 'serviceaccounts', namespace: 'kube-system', name: 'deployer', subresource: 'token', request: { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: { audiences: null, expirationSeconds: 315360000, boundObjectRef: null } } })
quiet(4)
log(INTRUDER, { verb: 'create', resource: 'deployments', group: 'apps', namespace: 'kube-system', name: 'kube-state-sync', request: { kind: 'Deployment', apiVersion: 'apps/v1', metadata: { name: 'kube-state-sync', namespace: 'kube-system' }, spec: { replicas: 1, template: { spec: { containers: [container('sync', 'docker.io/xmrig/xmrig:6.22')] } } } } })
log(INTRUDER, { verb: 'create', resource: 'services', namespace: 'kube-system', name: 'kube-state-sync', request: { kind: 'Service', apiVersion: 'v1', metadata: { name: 'kube-state-sync', namespace: 'kube-system' }, spec: { type: 'NodePort', selector: { app: 'kube-state-sync' }, ports: [{ port: 3333, targetPort: 3333, nodePort: 31333, protocol: 'TCP' }] } } })
quiet(3)

// The log also holds mistakes of the cluster's own staff.
log(OMAR, { verb: 'create', resource: 'configmaps', namespace: 'payments', name: 'export-job', request: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'export-job', namespace: 'payments' }, data: { 'credentials': '[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n', REGION: 'eu-central-1' } } })
quiet(4)
log(LINA, { verb: 'get', resource: 'nodes', name: 'worker-2', subresource: 'proxy', uri: '/api/v1/nodes/worker-2/proxy/runningpods/' })
log(OMAR, { verb: 'list', resource: 'pods', namespace: 'kube-system', uri: '/api/v1/namespaces/kube-system/pods?limit=500', code: 403 })
log(LINA, { verb: 'list', resource: 'secrets', namespace: 'shop', uri: '/api/v1/namespaces/shop/secrets?limit=500', impersonate: 'admin' })
quiet(4)

// Leaving, and wiping the floor.
log(INTRUDER, { verb: 'patch', resource: 'pods', namespace: 'payments', name: 'ledger-5f6d8c9b7-q2v4x', subresource: 'ephemeralcontainers', request: { spec: { ephemeralContainers: [{ name: 'debugger-9lq', image: 'docker.io/library/alpine:3.22', command: ['sh'], stdin: true, tty: true, targetContainerName: 'ledger' }] } } })
log(INTRUDER, { verb: 'deletecollection', resource: 'events', namespace: 'ci', uri: '/api/v1/namespaces/ci/events' })
log(INTRUDER, { verb: 'delete', resource: 'pods', namespace: 'ci', name: 'node-tuner' })
quiet(8)
rollout('cart', 'shop', 'registry.shop.example:5000/cart:2.7.1', '6d5b8f7c4-m3n7q')
quiet(18)

writeFileSync(join(import.meta.dirname, 'k8s-audit.jsonl'), `${lines.join('\n')}\n`)
console.log(`${lines.length} events`)
