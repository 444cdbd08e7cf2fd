/** Nodes, found through a pod that runs on them. */
import type { Answer, KubeObject } from '../model/call.ts'
import { type Change, change, read, type VerbContext } from './object.ts'

const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

const NODES = { group: '', version: 'v1', resource: 'nodes' } as const

/** Does something to the node of a pod. An undo names the one that the step has changed, since the pod may be gone by then. */
export async function onNode(
  context: VerbContext,
  plan: (node: any, more: VerbContext['with']) => Change | undefined,
): Promise<Answer> {
  const changed = context.with.node as { readonly name: string; readonly uid: string } | undefined
  const node = changed ? { ...NODES, ...changed } : await nodeOf(context)
  if ('outcome' in node) return node
  const answer = await change({ ...context, object: node }, found => {
    const { labels = {}, uid } = found.metadata
    if (CONTROL_PLANE.some(label => label in labels))
      return { outcome: 'refused', said: `${node.name} is of the control plane, which is protected` }
    const planned = plan(found, context.with)
    return planned?.data ? { ...planned, data: { ...planned.data, node: { name: node.name, uid } } } : planned
  })
  return { ...answer, said: [node.name, answer.said].filter(Boolean).join(': ') }
}

async function nodeOf({ client, object, signal }: VerbContext): Promise<KubeObject | Answer> {
  const pod = await read(client, object, signal)
  if ('outcome' in pod) return pod
  const { nodeName } = pod.object.spec
  if (typeof nodeName !== 'string') return { outcome: 'gone', said: 'the pod is on no node' }
  return { ...NODES, name: nodeName }
}

export const cordonTo =
  (unschedulable: boolean) =>
  ({ spec }: any): Change | undefined =>
    (spec.unschedulable ?? false) === unschedulable
      ? undefined
      : { patch: { spec: { unschedulable } }, data: { cordoned: true } }

const sameTaint = (more: VerbContext['with']) => (one: any) => one.key === more.key && one.effect === more.effect

/** The list of taints is written as a whole. */
export function tainted({ spec }: any, more: VerbContext['with']): Change | undefined {
  const taints = spec.taints ?? []
  if (taints.some(sameTaint(more))) return undefined
  const { key, value, effect } = more
  return { patch: { spec: { taints: [...taints, { key, value, effect }] } }, data: { tainted: true } }
}

export function untainted({ spec }: any, more: VerbContext['with']): Change | undefined {
  const taints = spec.taints ?? []
  const rest = taints.filter((one: any) => !sameTaint(more)(one))
  return rest.length === taints.length ? undefined : { patch: { spec: { taints: rest } } }
}
