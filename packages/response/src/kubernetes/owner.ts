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

/** Does something to what has made a pod: its controller, or the controller of that. */
export async function onOwner(
  context: VerbContext,
  kinds: readonly string[],
  plan: (owner: any) => Change | undefined,
): Promise<Answer> {
  const { client, signal, object } = context
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
  const answer = await change({ ...context, object: current }, plan)
  return { ...answer, said: [`${current.resource}/${current.name}`, answer.said].filter(Boolean).join(': ') }
}
