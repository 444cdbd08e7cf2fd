/**
 * Isolates a pod from the network, and from everything that selects it. NetworkPolicies only add permissions, so a policy cannot revoke
 * what another one allows. Therefore all labels but ours are removed: no policy, service or owner selects the pod any more. Its owner
 * starts a clean one, and the suspect is left for forensics.
 */
import { pathOf } from '@falc/kubernetes'
import type { Answer, KubeObject } from '../model/call.ts'
import { answerOf } from './answer.ts'
import { change, notRead, read, type VerbContext } from './object.ts'

const LABEL = 'falc.dev/quarantine'

const policyOf = ({ namespace, uid }: KubeObject): KubeObject => ({
  ...{ group: 'networking.k8s.io', version: 'v1', resource: 'networkpolicies', name: `falc-quarantine-${uid}` },
  ...(namespace !== undefined && { namespace }),
})

export async function isolate(context: VerbContext): Promise<Answer> {
  const { client, object, dry, signal } = context
  const found = await read(client, object, signal)
  if ('outcome' in found) return found
  const policy = policyOf(object)
  const body = {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
    metadata: { name: policy.name, namespace: policy.namespace, labels: { [LABEL]: object.uid } },
    spec: { podSelector: { matchLabels: { [LABEL]: object.uid } }, policyTypes: ['Ingress', 'Egress'] },
  }
  const made = await client.write({ method: 'POST', path: pathOf({ ...policy, name: '' }), body }, dry, signal)
  if (made.status === 409) {
    // One of this name that is not ours is not touched, and says nothing about what it does.
    const there = await client.get(pathOf(policy), signal)
    if (there.status !== 200) return notRead(there)
    if (there.body?.metadata?.labels?.[LABEL] !== object.uid)
      return { outcome: 'refused', said: `a NetworkPolicy ${policy.name} exists that is not falc's` }
  } else if (made.status >= 300 || made.problem !== undefined) return answerOf(made)
  return change(context, ({ metadata: { labels = {} } }) => {
    if (labels[LABEL] === object.uid) return undefined
    const gone = Object.fromEntries(Object.keys(labels).map(name => [name, null]))
    return { patch: { metadata: { labels: { ...gone, [LABEL]: object.uid } } }, data: { labels } }
  })
}

/** Undoes it: the pod has its labels again, unless it was given others since. */
export async function release(context: VerbContext): Promise<Answer> {
  const { client, object, dry, signal } = context
  const before = context.with.labels as Record<string, string>
  const labelled = await change(context, ({ metadata: { labels = {} } }) =>
    labels[LABEL] === object.uid
      ? { patch: { metadata: { labels: { ...before, [LABEL]: null } } } }
      : { outcome: 'refused', said: 'the pod has other labels by now' },
  )
  if (labelled.outcome !== 'done' && labelled.outcome !== 'gone') return labelled
  const policy = policyOf(object)
  const found = await client.get(pathOf(policy), signal)
  if (found.status === 404) return labelled
  if (found.status !== 200) return notRead(found)
  const { uid, labels } = found.body?.metadata ?? {}
  if (labels?.[LABEL] !== object.uid) return { outcome: 'refused', said: `${policy.name} is not falc's` }
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } }
  const answer = answerOf(await client.write({ method: 'DELETE', path: pathOf(policy), body }, dry, signal))
  return answer.outcome === 'done' ? labelled : answer
}
