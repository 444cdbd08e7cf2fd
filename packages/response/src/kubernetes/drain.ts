/** Evictions, which respect disruption budgets. */
import { pathOf } from '@falc/kubernetes'
import type { Answer, KubeObject } from '../model/call.ts'
import { answerOf } from './answer.ts'
import { read, type VerbContext } from './object.ts'

export async function evict(context: VerbContext): Promise<Answer> {
  const found = await read(context.client, context.object, context.signal)
  return 'outcome' in found ? found : evictPod(context, context.object)
}

async function evictPod(
  { client, with: { grace }, dry, signal }: VerbContext,
  { namespace, name, uid, ...pods }: KubeObject,
): Promise<Answer> {
  const deleteOptions = { preconditions: { uid }, ...(typeof grace === 'number' && { gracePeriodSeconds: grace }) }
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions }
  const path = pathOf({ ...pods, name, ...(namespace !== undefined && { namespace }) }, 'eviction')
  const answer = await client.write({ method: 'POST', path, body }, dry, signal)
  if (answer.status === 429) return { outcome: 'failed', said: `a disruption budget: ${answer.body?.message ?? ''}` }
  return answerOf(answer)
}

/** Namespaces whose pods stay. */
const KEPT = ['kube-system', 'falc', 'falco']

/** Evicts the pods of a node, except static and protected ones. All get their verdict before the first is evicted. */
export async function drain(context: VerbContext, cordoned: Answer): Promise<Answer> {
  const { client, signal, dry } = context
  const pod = await read(client, context.object, signal)
  if ('outcome' in pod) return pod
  const list = await client.get('/api/v1/pods', signal, {
    fieldSelector: `spec.nodeName=${pod.object.spec.nodeName}`,
    limit: '500',
  })
  if (list.status !== 200) return { ...answerOf(list), ...(cordoned.data && { data: cordoned.data }) }
  const goes = (list.body.items as any[]).filter(
    ({ metadata: { namespace, annotations = {}, ownerReferences = [] }, status }) =>
      !KEPT.includes(namespace) &&
      annotations['kubernetes.io/config.mirror'] === undefined &&
      !ownerReferences.some((one: any) => one.controller && one.kind === 'DaemonSet') &&
      status?.phase !== 'Succeeded' &&
      status?.phase !== 'Failed',
  )
  const problems: string[] = []
  for (const { metadata } of goes) {
    const { namespace, name, uid } = metadata
    if (signal.aborted) {
      problems.push('there was no time for the others')
      break
    }
    const answer = await evictPod(
      { ...context, dry },
      { group: '', version: 'v1', resource: 'pods', namespace, name, uid },
    )
    if (answer.outcome !== 'done' && answer.outcome !== 'gone') problems.push(`${namespace}/${name}: ${answer.said}`)
  }
  const said = `${cordoned.said.split(':')[0]}: ${goes.length - problems.length} of ${goes.length} pods${problems.length ? `; ${problems.slice(0, 10).join('; ')}` : ''}`
  return { outcome: problems.length > 0 ? 'failed' : 'done', said, ...(cordoned.data && { data: cordoned.data }) }
}
