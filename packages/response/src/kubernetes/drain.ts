/** Evictions, which respect disruption budgets. */
import { pathOf } from '@falc/kubernetes'
import type { Answer, KubeObject } from '../model/call.ts'
import { answerOf } from './answer.ts'
import { notRead, read, type VerbContext } from './object.ts'

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
const KEPT = ['kube-system', 'kube-public', 'kube-node-lease', 'falc', 'falco']

/** The pods of a node, in as many answers as the API server makes of them. */
async function podsOf(node: string, { client, signal }: VerbContext): Promise<{ readonly pods: any[] } | Answer> {
  const pods: any[] = []
  for (let more = ''; ; ) {
    const query = { fieldSelector: `spec.nodeName=${node}`, limit: '500', ...(more !== '' && { continue: more }) }
    const list = await client.get('/api/v1/pods', signal, query)
    if (list.status !== 200) return notRead(list)
    const { items, metadata } = list.body ?? {}
    if (!Array.isArray(items)) return { outcome: 'failed', said: 'the answer is not a list of pods' }
    pods.push(...items)
    more = String(metadata?.continue ?? '')
    if (more === '') return { pods }
  }
}

/** Evicts the pods of a node, except static and protected ones. All get their verdict before the first is evicted. */
export async function drain(context: VerbContext, cordoned: Answer): Promise<Answer> {
  const { client, signal, dry } = context
  // Whatever becomes of the pods, an undo uncordons the node.
  const data = cordoned.data && { data: cordoned.data }
  const pod = await read(client, context.object, signal)
  if ('outcome' in pod) return { ...pod, ...data }
  const node: string = pod.object.spec.nodeName
  const found = await podsOf(node, context)
  if ('outcome' in found) return { ...found, ...data }
  const goes = found.pods.filter(
    ({ metadata: { namespace, annotations = {}, ownerReferences = [] }, status }) =>
      !KEPT.includes(namespace) &&
      annotations['kubernetes.io/config.mirror'] === undefined &&
      !ownerReferences.some((one: any) => one.controller && one.kind === 'DaemonSet') &&
      status?.phase !== 'Succeeded' &&
      status?.phase !== 'Failed',
  )
  const problems: string[] = []
  let evicted = 0
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
    if (answer.outcome === 'done' || answer.outcome === 'gone') evicted++
    else problems.push(`${namespace}/${name}: ${answer.said}`)
  }
  const said = [`${node}: ${evicted} of ${goes.length} pods`, ...problems.slice(0, 10)].join('; ')
  return { outcome: problems.length > 0 ? 'failed' : 'done', said, ...data }
}
