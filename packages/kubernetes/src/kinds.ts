/** The kinds of objects that are listed and watched, in one table: roles, streams and descriptions derive from it. */
import type { KubePlace } from './client.ts'

export interface Kind extends Pick<KubePlace, 'group' | 'version' | 'resource'> {
  /** As owner references have it. */
  readonly kind: string
  /** More than names, labels and owners is wanted; of the others the API server sends the metadata alone. */
  readonly whole?: true
  /** The field by which only what belongs to this node is asked for. */
  readonly byNode?: string
  /** Its name in descriptions of the pods that it has made. */
  readonly owns?: string
}

export const KINDS: readonly Kind[] = [
  { group: '', version: 'v1', resource: 'pods', kind: 'Pod', whole: true, byNode: 'spec.nodeName' },
  { group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace' },
  { group: '', version: 'v1', resource: 'nodes', kind: 'Node', byNode: 'metadata.name' },
  { group: '', version: 'v1', resource: 'services', kind: 'Service', whole: true },
  { group: '', version: 'v1', resource: 'replicationcontrollers', kind: 'ReplicationController', owns: 'rc' },
  { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment', owns: 'deployment' },
  { group: 'apps', version: 'v1', resource: 'replicasets', kind: 'ReplicaSet', owns: 'rs' },
  { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet', owns: 'statefulset' },
  { group: 'apps', version: 'v1', resource: 'daemonsets', kind: 'DaemonSet', owns: 'daemonset' },
  { group: 'batch', version: 'v1', resource: 'jobs', kind: 'Job', owns: 'job' },
]

/** The least role with which all kinds can be followed. */
export function metadataRole(name = 'falc-metadata') {
  const groups = [...new Set(KINDS.map(({ group }) => group))]
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules: groups.map(group => ({
      apiGroups: [group],
      resources: KINDS.filter(kind => kind.group === group).map(({ resource }) => resource),
      verbs: ['list', 'watch'],
    })),
  } as const
}
