/** The owner of a pod. */
import type { Answer, KubeObject } from '../model/call.ts'
import { type Change, change, read, type VerbContext } from './object.ts'

const RESOURCES: Readonly<Record<string, Pick<KubeObject, 'group' | 'resource'>>> = {
  ReplicaSet: { group: 'apps', resource: 'replicasets' },
  Deployment: { group: 'apps', resource: 'deployments' },
  StatefulSet: { group: 'apps', resource: 'statefulsets' },
  Job: { group: 'batch', resource: 'jobs' },
  CronJob: { group: 'batch', resource: 'cronjobs' },
}

/**
 * Does something to what has made a pod: its controller, or the controller of that. An undo names the one that the step has changed, since
 * the pod may be gone by then.
 */
export async function onOwner(
  context: VerbContext,
  kinds: readonly string[],
  plan: (owner: any) => Change | undefined,
): Promise<Answer> {
  const changed = context.with.owner as unknown as KubeObject | undefined
  const owner = changed ?? (await ownerOf(context, kinds))
  if ('outcome' in owner) return owner
  const { group, version, resource, namespace, name, uid } = owner
  const answer = await change({ ...context, object: owner }, found => {
    const planned = plan(found)
    if (!planned?.data) return planned
    return { ...planned, data: { ...planned.data, owner: { group, version, resource, namespace, name, uid } } }
  })
  return { ...answer, said: [`${resource}/${name}`, answer.said].filter(Boolean).join(': ') }
}

async function ownerOf(
  { client, signal, object }: VerbContext,
  kinds: readonly string[],
): Promise<KubeObject | Answer> {
  let current: KubeObject = object
  for (let depth = 0; depth < 4; depth++) {
    const found = await read(client, current, signal)
    if ('outcome' in found) return found
    const owner = found.object.metadata.ownerReferences?.find((one: any) => one.controller === true)
    const known = owner && RESOURCES[owner.kind]
    if (!known)
      return { outcome: 'refused', said: `it belongs to ${owner?.kind ?? 'nothing'}, and to no ${kinds.join(' or ')}` }
    current = {
      ...known,
      version: 'v1',
      name: owner.name,
      uid: owner.uid,
      ...(object.namespace !== undefined && { namespace: object.namespace }),
    }
    if (kinds.includes(owner.kind)) break
  }
  return current
}
