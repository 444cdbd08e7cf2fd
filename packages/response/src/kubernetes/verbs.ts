/** The operations on Kubernetes, one row each: the rights that it needs, and its implementation. */
import type { KubeClient } from '@falc/kubernetes'
import type { Answer, KubernetesCall, Port } from '../model/call.ts'
import { rebind, revoke } from './binding.ts'
import { checkpoint, debug, execute } from './container.ts'
import { drain, evict } from './drain.ts'
import { isolate, release } from './isolate.ts'
import { cordonTo, onNode, tainted, untainted } from './node.ts'
import { change, type VerbContext } from './object.ts'
import { onOwner } from './owner.ts'
import { event, logs, remove } from './pod.ts'

/** One rule of a role. */
export interface Right {
  readonly group: string
  readonly resource: string
  readonly verbs: readonly string[]
  /** Of the whole cluster, and not of a namespace. */
  readonly cluster?: true
}

export interface Verb {
  readonly rights: readonly Right[]
  /** It checks itself whether the object is the one that is meant. */
  readonly byName?: true
  run(context: VerbContext): Promise<Answer>
}

const POD_READ: Right = { group: '', resource: 'pods', verbs: ['get'] }
const POD_PATCH: Right = { group: '', resource: 'pods', verbs: ['get', 'patch'] }
const NODE_PATCH: Right = { group: '', resource: 'nodes', verbs: ['get', 'patch'], cluster: true }
const OWNERS: Right = { group: 'apps', resource: 'replicasets', verbs: ['get'] }

/** Of both kinds, since only the alert determines which one it is. */
const bindings = (...verbs: readonly string[]): Right[] => [
  { group: 'rbac.authorization.k8s.io', resource: 'rolebindings', verbs },
  { group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings', verbs, cluster: true },
]

export const VERBS: Readonly<Record<string, Verb>> = {
  label: {
    rights: [POD_PATCH],
    run: context => change(context, () => ({ patch: { metadata: { labels: context.with.labels } } })),
  },
  annotate: {
    rights: [POD_PATCH],
    run: context => change(context, () => ({ patch: { metadata: { annotations: context.with.annotations } } })),
  },
  delete: { rights: [{ group: '', resource: 'pods', verbs: ['get', 'delete'] }], run: remove },
  evict: { rights: [POD_READ, { group: '', resource: 'pods/eviction', verbs: ['create'] }], run: evict },
  isolate: {
    rights: [POD_PATCH, { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['get', 'create'] }],
    run: isolate,
  },
  release: {
    rights: [POD_PATCH, { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['get', 'delete'] }],
    run: release,
  },
  cordon: { rights: [POD_READ, NODE_PATCH], run: context => onNode(context, cordonTo(true)) },
  uncordon: { rights: [POD_READ, NODE_PATCH], run: context => onNode(context, cordonTo(false)) },
  taint: { rights: [POD_READ, NODE_PATCH], run: context => onNode(context, tainted) },
  untaint: { rights: [POD_READ, NODE_PATCH], run: context => onNode(context, untainted) },
  drain: {
    rights: [
      ...[POD_READ, NODE_PATCH, { group: '', resource: 'pods', verbs: ['list'], cluster: true } as const],
      { group: '', resource: 'pods/eviction', verbs: ['create'], cluster: true },
    ],
    run: async context => {
      const cordoned = await onNode(context, cordonTo(true))
      return cordoned.outcome === 'done' || cordoned.outcome === 'already' ? drain(context, cordoned) : cordoned
    },
  },
  scale: {
    rights: [
      POD_READ,
      OWNERS,
      { group: 'apps', resource: 'deployments', verbs: ['get', 'patch'] },
      { group: 'apps', resource: 'statefulsets', verbs: ['get', 'patch'] },
    ],
    run: context =>
      onOwner(context, ['Deployment', 'StatefulSet'], ({ spec }) => {
        const replicas = context.with.replicas as number
        return spec.replicas === replicas
          ? undefined
          : { patch: { spec: { replicas } }, data: { replicas: spec.replicas } }
      }),
  },
  suspend: {
    rights: [
      POD_READ,
      { group: 'batch', resource: 'jobs', verbs: ['get'] },
      { group: 'batch', resource: 'cronjobs', verbs: ['get', 'patch'] },
    ],
    run: context =>
      onOwner(context, ['CronJob'], ({ spec }) => {
        const suspend = context.with.suspend !== false
        return spec.suspend === suspend ? undefined : { patch: { spec: { suspend } }, data: { suspended: suspend } }
      }),
  },
  logs: {
    rights: [POD_READ, { group: '', resource: 'pods/log', verbs: ['get'] }],
    run: logs,
  },
  checkpoint: {
    rights: [POD_READ, { group: '', resource: 'nodes/proxy', verbs: ['create'], cluster: true }],
    run: checkpoint,
  },
  debug: {
    rights: [POD_READ, { group: '', resource: 'pods/ephemeralcontainers', verbs: ['patch'] }],
    run: debug,
  },
  exec: {
    // A WebSocket begins with GET; servers from 1.35 on want the right to create, too.
    rights: [POD_READ, { group: '', resource: 'pods/exec', verbs: ['create', 'get'] }],
    run: execute,
  },
  revoke: { byName: true, rights: bindings('get', 'delete'), run: revoke },
  rebind: { byName: true, rights: bindings('create'), run: rebind },
  event: { rights: [{ group: 'events.k8s.io', resource: 'events', verbs: ['create'] }], run: event },
}

/** Asks an API server. */
export function kubernetesPort(client: KubeClient): Port<KubernetesCall> {
  return async ({ does, object, with: more = {} }, attempt) => {
    const verb = Object.hasOwn(VERBS, does) ? VERBS[does] : undefined
    if (!verb) return { outcome: 'failed', said: `nothing does ${does}` }
    // A name alone is another pod's tomorrow.
    if (object.uid === undefined && !verb.byName) return { outcome: 'refused', said: 'the object has no UID' }
    return verb.run({ ...attempt, client, object, with: more })
  }
}
