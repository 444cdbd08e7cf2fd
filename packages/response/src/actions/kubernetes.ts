/** Actions on pods, and through them on their nodes and owners. */
import type { AlertData } from '@falc/engine'
import { type Action, type Done, defineAction, fieldOf, Refusal, type Target } from '../model/action.ts'
import type { Call, Data, KubeObject } from '../model/call.ts'

/** Names of objects, as Kubernetes allows them. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
const UID = /^[0-9a-f-]{8,64}$/i

const NONE = { type: 'object', properties: {} } as const
const GRACE = {
  type: 'integer',
  ...{ minimum: 0, maximum: 3600, description: "Grace period in seconds. Default: the pod's." },
} as const

/** The pod of an alert about a system call. @throws {Refusal} */
export function podOf(alert: AlertData): Target & { readonly object: KubeObject } {
  const namespace = fieldOf(alert, 'k8s.ns.name')
  const name = fieldOf(alert, 'k8s.pod.name')
  const uid = fieldOf(alert, 'k8s.pod.uid')
  for (const [field, text, allowed] of [
    ['k8s.ns.name', namespace, NAME],
    ['k8s.pod.name', name, NAME],
    ['k8s.pod.uid', uid, UID],
  ] as const)
    if (!allowed.test(text)) throw new Refusal(`${field} is not what Kubernetes calls so: ${text.slice(0, 80)}`)
  const object = { group: '', version: 'v1', resource: 'pods', namespace, name, uid }
  return { kind: 'pod', uid, name: `pod ${namespace}/${name}`, namespace, object }
}

const nodeOf = (alert: AlertData): Target => {
  const { uid, name, namespace } = podOf(alert)
  return {
    kind: 'node',
    uid: `node of ${uid}`,
    name: `the node of ${name}`,
    ...(namespace !== undefined && { namespace }),
  }
}

const ownerOf = (alert: AlertData): Target => ({
  ...nodeOf(alert),
  kind: 'workload',
  uid: `owner of ${podOf(alert).uid}`,
  name: `the owner of ${podOf(alert).name}`,
})

export function callOn(
  alert: AlertData,
  does: string,
  says: (name: string) => string,
  more?: Record<string, Data | undefined>,
): Call {
  const { object, name } = podOf(alert)
  return { via: 'kubernetes', does, object, ...(more && { with: more }), says: says(name) }
}

/** What an answer to the step has under a name, if any has. */
const answered = (answers: Done<unknown>['answers'], name: string): Data | undefined =>
  answers.find(one => one[name] !== undefined)?.[name]

export const labelPod: Action = defineAction({
  name: 'label_pod',
  asks: ['label'],
  doc: 'Sets labels of the pod, or removes those with an empty value.',
  example: '{ labels: { falc.dev/suspect: "true" } }',
  params: {
    type: 'object',
    properties: {
      labels: { type: 'object', additionalProperties: { type: 'string', format: 'value' }, description: 'Labels.' },
    },
    required: ['labels'],
  },
  target: podOf,
  plan: ({ alert, params: { labels } }) => [
    callOn(alert, 'label', name => `label ${name}: ${pairs(labels)}`, { labels: withNull(labels) }),
  ],
})

export const annotatePod: Action = defineAction({
  name: 'annotate_pod',
  asks: ['annotate'],
  doc: 'Sets annotations of the pod, or removes those with an empty value.',
  example: '{ annotations: { falc.dev/alert: "%alert.id" } }',
  params: {
    type: 'object',
    properties: {
      annotations: {
        type: 'object',
        additionalProperties: { type: 'string', format: 'value' },
        description: 'Annotations.',
      },
    },
    required: ['annotations'],
  },
  target: podOf,
  plan: ({ alert, params: { annotations } }) => [
    callOn(alert, 'annotate', name => `annotate ${name}: ${pairs(annotations)}`, {
      annotations: withNull(annotations),
    }),
  ],
})

const pairs = (map: Readonly<Record<string, string>>) =>
  Object.entries(map)
    .map(pair => pair.join('='))
    .join(', ')
const withNull = (map: Readonly<Record<string, string>>): Data =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, value === '' ? null : value]))

export const isolatePod: Action = defineAction({
  name: 'isolate_pod',
  asks: ['isolate', 'release'],
  doc: 'Cuts the pod off the network in both directions with a NetworkPolicy, and detaches it from its owner and services by removing all of its labels except `falc.dev/quarantine`. The owner starts a clean pod, and the suspect remains for forensics. Needs a network plugin that enforces policies; some leave established connections alone.',
  example: '{ for: 2h }',
  params: NONE,
  target: podOf,
  plan: ({ alert }) => [callOn(alert, 'isolate', name => `isolate ${name}`)],
  undo: ({ alert, answers }) => {
    const labels = answers.find(one => one.labels !== undefined)?.labels
    return labels === undefined ? [] : [callOn(alert, 'release', name => `release ${name}`, { labels })]
  },
})

export const deletePod: Action = defineAction({
  name: 'delete_pod',
  asks: ['delete'],
  doc: 'Deletes the pod.',
  example: '{ grace: 5 }',
  params: { type: 'object', properties: { grace: GRACE } },
  target: podOf,
  plan: ({ alert, params: { grace } }) => [
    callOn(alert, 'delete', name => `delete ${name}`, grace === undefined ? undefined : { grace }),
  ],
})

export const evictPod: Action = defineAction({
  name: 'evict_pod',
  asks: ['evict'],
  doc: 'Evicts the pod: like `delete_pod`, but only if its disruption budget allows it.',
  example: '{}',
  params: { type: 'object', properties: { grace: GRACE } },
  target: podOf,
  plan: ({ alert, params: { grace } }) => [
    callOn(alert, 'evict', name => `evict ${name}`, grace === undefined ? undefined : { grace }),
  ],
})

export const cordonNode: Action = defineAction({
  name: 'cordon_node',
  asks: ['cordon', 'uncordon'],
  doc: 'Marks the node of the pod unschedulable. Control-plane nodes are refused.',
  example: '{ for: 1h }',
  params: NONE,
  target: nodeOf,
  plan: ({ alert }) => [callOn(alert, 'cordon', name => `cordon the node of ${name}`)],
  undo: ({ alert, answers }) =>
    answers.some(({ cordoned }) => cordoned === true)
      ? [callOn(alert, 'uncordon', name => `uncordon the node of ${name}`, { node: answered(answers, 'node') })]
      : [],
})

export const taintNode: Action = defineAction({
  name: 'taint_node',
  asks: ['taint', 'untaint'],
  doc: 'Taints the node of the pod. Control-plane nodes are refused.',
  example: '{ key: falc.dev/suspect, effect: NoSchedule }',
  params: {
    type: 'object',
    properties: {
      key: {
        type: 'string',
        pattern: '^[A-Za-z0-9]([A-Za-z0-9._/-]{0,315}[A-Za-z0-9])?$',
        default: 'falc.dev/suspect',
        description: 'Key.',
      },
      value: { type: 'string', pattern: '^[A-Za-z0-9._-]{0,63}$', default: 'true', description: 'Value.' },
      effect: { enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'], default: 'NoSchedule', description: 'Effect.' },
    },
  },
  target: nodeOf,
  plan: ({ alert, params: { key, value, effect } }) => [
    callOn(alert, 'taint', name => `taint the node of ${name}: ${key}=${value}:${effect}`, { key, value, effect }),
  ],
  undo: ({ alert, params: { key, value, effect }, answers }) =>
    answers.some(({ tainted }) => tainted === true)
      ? [
          callOn(alert, 'untaint', name => `untaint the node of ${name}: ${key}`, {
            ...{ key, value, effect },
            node: answered(answers, 'node'),
          }),
        ]
      : [],
})

export const drainNode: Action = defineAction({
  name: 'drain_node',
  asks: ['drain', 'uncordon'],
  doc: 'Cordons the node of the pod and evicts its pods, except those of DaemonSets, static pods and pods in protected namespaces.',
  example: '{}',
  params: { type: 'object', properties: { grace: GRACE } },
  target: nodeOf,
  plan: ({ alert, params: { grace } }) => [
    callOn(alert, 'drain', name => `drain the node of ${name}`, grace === undefined ? undefined : { grace }),
  ],
  undo: cordonNode.undo!,
})

export const scaleWorkload: Action = defineAction({
  name: 'scale_workload',
  asks: ['scale'],
  doc: 'Scales the Deployment or StatefulSet that the pod belongs to.',
  example: '{ replicas: 0, for: 1h }',
  params: {
    type: 'object',
    properties: {
      replicas: { type: 'integer', minimum: 0, maximum: 10_000, default: 0, description: 'The number of pods.' },
    },
  },
  target: ownerOf,
  plan: ({ alert, params: { replicas } }) => [
    callOn(alert, 'scale', name => `scale the owner of ${name} to ${replicas}`, { replicas }),
  ],
  undo: ({ alert, answers }) => {
    const before = answers.find(({ replicas }) => typeof replicas === 'number')?.replicas as number | undefined
    if (before === undefined) return []
    const more = { replicas: before, owner: answered(answers, 'owner') }
    return [callOn(alert, 'scale', name => `scale the owner of ${name} to ${before}`, more)]
  },
})

export const suspendCronJob: Action = defineAction({
  name: 'suspend_cronjob',
  asks: ['suspend'],
  doc: 'Suspends the CronJob that the pod belongs to.',
  example: '{ for: 24h }',
  params: NONE,
  target: ownerOf,
  plan: ({ alert }) => [callOn(alert, 'suspend', name => `suspend the CronJob of ${name}`)],
  undo: ({ alert, answers }) => [
    callOn(alert, 'suspend', name => `resume the CronJob of ${name}`, {
      suspend: false,
      owner: answered(answers, 'owner'),
    }),
  ],
})

export const podLogs: Action = defineAction({
  name: 'pod_logs',
  asks: ['logs'],
  doc: "Saves the end of the pod's log in the journal, at most 64 KiB. Put it before a step that deletes the pod.",
  example: '{ lines: 100 }',
  params: {
    type: 'object',
    properties: {
      lines: { type: 'integer', minimum: 1, maximum: 5000, default: 100, description: 'The number of lines.' },
      container: { type: 'string', pattern: '^[a-z0-9-]{1,63}$', description: 'Default: the only container.' },
    },
  },
  target: podOf,
  plan: ({ alert, params: { lines, container } }) => [
    callOn(alert, 'logs', name => `read ${lines} lines of the log of ${name}`, {
      lines,
      ...(container !== undefined && { container }),
    }),
  ],
})

export const podEvent: Action = defineAction({
  name: 'pod_event',
  asks: ['event'],
  doc: 'Adds an event to the pod, as `kubectl describe` shows it.',
  example: '{ note: "%alert.message" }',
  params: {
    type: 'object',
    properties: {
      note: { type: 'string', format: 'template', default: '%alert.message', description: 'The message of the event.' },
      reason: {
        type: 'string',
        pattern: '^[A-Z][A-Za-z]{0,100}$',
        default: 'FalcAlert',
        description: 'The reason of the event, one word.',
      },
    },
  },
  target: podOf,
  plan: ({ alert, params: { note, reason } }) => [
    callOn(alert, 'event', name => `add an event to ${name}: ${note}`, { note, reason }),
  ],
})

/** In the order of the documentation. */
export const KUBERNETES: readonly Action[] = [
  ...[labelPod, annotatePod, podLogs, podEvent, isolatePod, evictPod, deletePod],
  ...[cordonNode, taintNode, drainNode, scaleWorkload, suspendCronJob],
]
