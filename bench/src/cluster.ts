/**
 * Generates the audit events of a typical cluster, always the same for the same count. About 60 nodes, controllers and operators get, list,
 * watch and renew leases; there are status patches, reviews of tokens and access, and now and then a person.
 */

type Json = Readonly<Record<string, unknown>>

/** How a kind of request varies, and how often it occurs, in thousandths. */
interface Traffic {
  readonly share: number
  make(pick: Pick): Json
}

/** Deterministic choice: a number from 0 to below `n`. */
type Pick = (n: number) => number

/** Park and Miller's generator. */
function picker(seed: number): Pick {
  let state = seed
  return n => (state = (state * 48271) % 2147483647) % n
}

const RBAC = 'RBAC: allowed by ClusterRoleBinding'
const NAMESPACES = ['default', 'kube-system', 'monitoring', 'shop', 'shop-staging', 'ingress', 'cert-manager', 'ci']
const CONTROLLERS = ['deployment', 'replicaset', 'endpointslice', 'namespace', 'job', 'cronjob', 'node', 'disruption']
const OPERATORS = [
  'monitoring:prometheus',
  'cert-manager:cert-manager',
  'ingress:nginx',
  'argocd:application-controller',
]
const LISTED = ['pods', 'services', 'nodes', 'configmaps', 'endpointslices', 'replicasets', 'namespaces', 'leases']

const hex = (pick: Pick, digits: number): string => Array.from({ length: digits }, () => pick(16).toString(16)).join('')
const uid = (pick: Pick): string => [8, 4, 4, 4, 12].map(n => hex(pick, n)).join('-')
const node = (pick: Pick): string => `ip-10-20-${pick(4)}-${pick(15)}.eu-central-1.compute.internal`
const pod = (pick: Pick): string => `web-${hex(pick, 9)}-${hex(pick, 5)}`
const of = <T>(pick: Pick, list: readonly T[]): T => list[pick(list.length)]!

const kubelet = (name: string) => ({
  user: { username: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] },
  userAgent: 'kubelet/v1.33.2 (linux/amd64) kubernetes/4f7ea3f',
})
const account = (pick: Pick, namespace: string, name: string) => ({
  user: {
    username: `system:serviceaccount:${namespace}:${name}`,
    uid: uid(picker(name.length * 7919 + 1)),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/pod-name': [`${name}-${hex(pick, 5)}`] },
  },
  userAgent: `${name}/v0.0.0 (linux/amd64) kubernetes/$Format`,
})
const controller = (pick: Pick) => account(pick, 'kube-system', `${of(pick, CONTROLLERS)}-controller`)
const operator = (pick: Pick) => {
  const [namespace, name] = of(pick, OPERATORS).split(':') as [string, string]
  return account(pick, namespace, name)
}
const anyone = (pick: Pick) => [kubelet(node(pick)), controller(pick), operator(pick)][pick(3)]!

const object = (resource: string, namespace: string | undefined, name: string | undefined, more: Json = {}) => ({
  objectRef: { resource, ...(namespace && { namespace }), ...(name && { name }), apiVersion: 'v1', ...more },
})

/** A pod as the API server returns it. */
const podObject = (pick: Pick, namespace: string, name: string) => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: {
    ...{
      name,
      namespace,
      uid: uid(pick),
      resourceVersion: String(pick(1e9)),
      creationTimestamp: '2026-03-16T11:02:41Z',
    },
    labels: { app: 'web', 'pod-template-hash': hex(pick, 9) },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: uid(pick), controller: true }],
  },
  spec: {
    containers: [
      {
        ...{ name: 'web', image: `registry.example.com/shop/web:${pick(200)}`, imagePullPolicy: 'IfNotPresent' },
        resources: { limits: { cpu: '1', memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } },
        volumeMounts: [{ name: 'token', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
      },
    ],
    ...{ nodeName: node(pick), restartPolicy: 'Always', serviceAccountName: 'web', schedulerName: 'default-scheduler' },
  },
  status: podStatus(pick),
})
const podStatus = (pick: Pick) => ({
  phase: 'Running',
  conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(type => ({
    ...{ type, status: 'True', lastProbeTime: null, lastTransitionTime: '2026-03-16T11:02:43Z' },
  })),
  ...{ hostIP: `10.20.0.${pick(60)}`, podIP: `10.244.${pick(60)}.${pick(250)}`, startTime: '2026-03-16T11:02:41Z' },
})

const people = ['anna@example.com', 'kubernetes-admin', 'omar@example.com']

const TRAFFIC: readonly Traffic[] = [
  {
    share: 270,
    make(pick) {
      const name = node(pick)
      return {
        verb: 'update',
        uri: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/',
        ...kubelet(name),
        ...object('leases', 'kube-node-lease', name, {
          uid: uid(pick),
          apiGroup: 'coordination.k8s.io',
          resourceVersion: String(pick(1e9)),
        }),
      }
    },
  },
  {
    share: 230,
    make(pick) {
      const [resource, namespace, name] = [of(pick, LISTED), of(pick, NAMESPACES), pod(pick)]
      return {
        verb: 'get',
        uri: `/api/v1/namespaces/${namespace}/${resource}/`,
        ...anyone(pick),
        ...object(resource, namespace, name),
      }
    },
  },
  {
    share: 120,
    make(pick) {
      const resource = of(pick, LISTED)
      const uri = `/api/v1/${resource}?limit=500&resourceVersion=0`
      return { verb: 'list', uri, ...anyone(pick), ...object(resource, undefined, undefined) }
    },
  },
  {
    share: 130,
    make(pick) {
      const resource = of(pick, LISTED)
      const uri = `/api/v1/${resource}?allowWatchBookmarks=true&resourceVersion=${pick(1e9)}&timeoutSeconds=${300 + pick(300)}&watch=true`
      return { verb: 'watch', uri, ...anyone(pick), ...object(resource, undefined, undefined) }
    },
  },
  {
    share: 90,
    make(pick) {
      const [namespace, name] = [of(pick, NAMESPACES), pod(pick)]
      return {
        ...{ verb: 'patch', uri: `/api/v1/namespaces/${namespace}/pods/${name}/status`, level: 'RequestResponse' },
        ...kubelet(node(pick)),
        ...object('pods', namespace, name, { subresource: 'status' }),
        requestObject: { metadata: { uid: uid(pick) }, status: podStatus(pick) },
        responseObject: podObject(pick, namespace, name),
      }
    },
  },
  {
    share: 55,
    make(pick) {
      const name = node(pick)
      const conditions = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map(type => ({
        ...{ type, lastHeartbeatTime: '2026-03-17T09:41:02Z' },
      }))
      return {
        verb: 'patch',
        uri: `/api/v1/nodes/${name}/status?timeout=10s`,
        level: 'Request',
        ...kubelet(name),
        ...object('nodes', undefined, name, { subresource: 'status' }),
        requestObject: { status: { conditions } },
      }
    },
  },
  {
    share: 40,
    make: pick => ({
      ...{ verb: 'create', uri: '/apis/authorization.k8s.io/v1/subjectaccessreviews', ...operator(pick) },
      ...object('subjectaccessreviews', undefined, undefined, { apiGroup: 'authorization.k8s.io' }),
      ...{ level: 'Request', code: 201 },
      requestObject: {
        spec: {
          resourceAttributes: { verb: 'get', resource: 'pods' },
          user: of(pick, people),
          groups: ['system:authenticated'],
        },
      },
    }),
  },
  {
    share: 30,
    make(pick) {
      const namespace = of(pick, NAMESPACES)
      return {
        ...{ verb: 'create', uri: `/api/v1/namespaces/${namespace}/events`, level: 'Request', code: 201 },
        ...kubelet(node(pick)),
        ...object('events', namespace, undefined),
        requestObject: {
          reason: 'Pulled',
          message: 'Container image "web" already present on machine',
          type: 'Normal',
          involvedObject: { kind: 'Pod', namespace, name: pod(pick) },
        },
      }
    },
  },
  {
    share: 20,
    make(pick) {
      const namespace = of(pick, NAMESPACES)
      return {
        verb: 'get',
        uri: `/api/v1/namespaces/${namespace}/secrets/`,
        ...kubelet(node(pick)),
        ...object('secrets', namespace, 'registry'),
      }
    },
  },
  {
    share: 8,
    make(pick) {
      const [namespace, name] = [of(pick, NAMESPACES), pod(pick)]
      return {
        verb: of(pick, ['get', 'list']),
        uri: `/api/v1/namespaces/${namespace}/pods/${name}`,
        user: { username: of(pick, people), groups: ['system:authenticated'] },
        userAgent: 'kubectl/v1.33.1 (darwin/arm64) kubernetes/8adc0f0',
        ...object('pods', namespace, name),
      }
    },
  },
  {
    share: 5,
    make(pick) {
      const [namespace, name] = [of(pick, NAMESPACES), pod(pick)]
      return {
        verb: 'create',
        uri: `/api/v1/namespaces/${namespace}/pods`,
        level: 'RequestResponse',
        code: 201,
        ...controller(pick),
        ...object('pods', namespace, name),
        requestObject: podObject(pick, namespace, name),
        responseObject: podObject(pick, namespace, name),
      }
    },
  },
  {
    share: 2,
    make(pick) {
      const [namespace, name] = [of(pick, NAMESPACES), pod(pick)]
      return {
        verb: 'create',
        stage: 'ResponseStarted',
        uri: `/api/v1/namespaces/${namespace}/pods/${name}/exec?command=sh&stdin=true&tty=true`,
        code: 101,
        user: { username: people[0], groups: ['system:authenticated'] },
        userAgent: 'kubectl/v1.33.1',
        ...object('pods', namespace, name, { subresource: 'exec' }),
      }
    },
  },
]

const TOTAL = TRAFFIC.reduce((sum, { share }) => sum + share, 0)

/** One event as the API server writes it to its log: compact, with `&` as an escape. */
function line(pick: Pick, at: number): string {
  let draw = pick(TOTAL)
  const { make } = TRAFFIC.find(({ share }) => (draw -= share) < 0)!
  const {
    uri,
    level = 'Metadata',
    stage = 'ResponseComplete',
    code = 200,
    verb,
    user,
    userAgent,
    objectRef,
    ...bodies
  } = make(pick)
  const time = new Date(Date.UTC(2026, 2, 17, 9) + at * 7)
    .toISOString()
    .replace('Z', `${hex(pick, 3).replace(/\D/g, '5')}Z`)
  const event = {
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level, auditID: uid(pick), stage, requestURI: uri, verb, user },
    ...{ sourceIPs: [`10.20.0.${pick(60)}`], userAgent, objectRef, responseStatus: { metadata: {}, code }, ...bodies },
    ...{ requestReceivedTimestamp: time, stageTimestamp: time },
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': RBAC },
  }
  return JSON.stringify(event).replaceAll('&', '\\u0026')
}

/** The lines of the log. */
export function clusterLog(count: number, seed = 20261127): string[] {
  const pick = picker(seed)
  return Array.from({ length: count }, (_, i) => line(pick, i))
}
