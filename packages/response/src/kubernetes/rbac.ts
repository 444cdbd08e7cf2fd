/** Computes the minimal roles that playbooks need. */
import type { Playbook } from '../playbook/load.ts'
import { type Right, VERBS } from './verbs.ts'

export interface Role {
  readonly apiVersion: 'rbac.authorization.k8s.io/v1'
  readonly kind: 'Role' | 'ClusterRole'
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

/** One line for each resource, in a fixed order. */
export function rightsOf(playbooks: readonly Playbook[]): Right[] {
  const found = new Map<string, Right>()
  const asked = playbooks.flatMap(({ steps }) => steps.flatMap(({ action }) => action.asks ?? []))
  for (const right of asked.flatMap(name => VERBS[name]!.rights)) {
    const key = `${right.group}/${right.resource}${right.cluster ? ' *' : ''}`
    const verbs = new Set([...(found.get(key)?.verbs ?? []), ...right.verbs])
    found.set(key, { ...right, verbs: [...verbs].sort() })
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, right]) => right)
}

/**
 * @param namespaces where playbooks may act; empty: everywhere
 * @returns a role for each namespace, and one for what belongs to none; with no namespace, one for everything
 */
export function rolesOf(playbooks: readonly Playbook[], namespaces: readonly string[]): Role[] {
  const rights = rightsOf(playbooks)
  const cluster = namespaces.length === 0 ? rights : rights.filter(right => right.cluster)
  const own = rights.filter(right => !right.cluster)
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  return [
    ...(cluster.length > 0
      ? [{ apiVersion, kind: 'ClusterRole', metadata: { name: 'falc-respond' }, rules: cluster.map(ruleOf) } as const]
      : []),
    ...(own.length > 0
      ? namespaces.map(
          namespace =>
            ({
              apiVersion,
              kind: 'Role',
              metadata: { name: 'falc-respond', namespace },
              rules: own.map(ruleOf),
            }) as const,
        )
      : []),
  ]
}

const ruleOf = ({ group, resource, verbs }: Right) => ({ apiGroups: [group], resources: [resource], verbs })
