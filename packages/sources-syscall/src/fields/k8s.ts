import type { SyscallEvent } from '../event.ts'
import type { PodInfo } from '../model/pod.ts'
import { containerInfo, infoText, labelsText, labelText } from './container-info.ts'
import { named, POD_FAMILIES, podInfo } from './pod-info.ts'
import type { Field, Fields } from './table.ts'

const SHORT_ID = 12

/** What the API server says of the pod; else a label that the kubelet sets on every container of a pod. */
function ofPod(
  doc: string,
  of: (pod: PodInfo | undefined) => string | undefined,
  label: string,
  suggested = false,
): Field {
  return {
    type: 'string',
    scope: 'thread',
    ...(suggested ? { suggested } : {}),
    doc,
    extract: event => {
      const { pod, info } = event.thread?.container ?? { pod: null, info: null }
      // From the first source that knows it; the other one is not waited for.
      const text = of(pod?.info ?? undefined) ?? labelText(info ?? undefined, 'labels', label)
      return text ?? of(podInfo(event)) ?? labelText(containerInfo(event), 'labels', label)
    },
  }
}

/** Of the container alone. */
function info(doc: string, key: string, length?: number): Field {
  return {
    type: 'string',
    scope: 'thread',
    doc,
    extract: event => infoText(containerInfo(event), key)?.slice(0, length),
  }
}

/** The pod that the container belongs to. */
const POD: Fields = {
  'k8s.pod.name': ofPod('Name of the pod.', pod => infoText(pod, 'name'), 'io.kubernetes.pod.name', true),
  'k8s.ns.name': ofPod(
    'Namespace of the pod.',
    pod => infoText(named(pod, 'ns'), 'name'),
    'io.kubernetes.pod.namespace',
    true,
  ),
  'k8s.pod.id': ofPod('Unique id of the pod.', pod => infoText(pod, 'uid'), 'io.kubernetes.pod.uid'),
  'k8s.pod.uid': ofPod('Unique id of the pod.', pod => infoText(pod, 'uid'), 'io.kubernetes.pod.uid'),
  'k8s.pod.sandbox_id': info("First 12 characters of the id of the pod's sandbox.", 'pod_sandbox_id', SHORT_ID),
  'k8s.pod.full_sandbox_id': info("Id of the pod's sandbox.", 'pod_sandbox_id'),
  'k8s.pod.label': {
    type: 'string',
    arg: 'required',
    argKind: 'key',
    brackets: true,
    scope: 'thread',
    doc: 'One label of the pod: `k8s.pod.label[app]`.',
    extract: (event, name: string) => {
      const pod = podInfo(event)
      return pod !== undefined
        ? labelText(pod, 'labels', name)
        : labelText(containerInfo(event), 'pod_sandbox_labels', name)
    },
  },
  'k8s.pod.labels': {
    type: 'string',
    scope: 'thread',
    doc: 'Labels of the pod, `name:value` separated by commas.',
    extract: event => labelsText(podInfo(event), 'labels') ?? labelsText(containerInfo(event), 'pod_sandbox_labels'),
  },
  'k8s.pod.ip': {
    type: 'string',
    scope: 'thread',
    doc: 'Address of the pod.',
    extract: event => infoText(podInfo(event), 'ip') ?? infoText(containerInfo(event), 'ip'),
  },
  'k8s.pod.cni.json': info('What the container network interface returned for the pod, as JSON.', 'cni_json'),
}

/** Names under which Falco 0.36 had these, and rules that name them load with a warning. */
const FORMER = new Set(['ns', 'rc', 'svc', 'rs', 'deployment'])

/** `k8s.rs.name` and so on: the values of several services have commas between. */
function family(whose: string, what: string, of: (event: SyscallEvent) => readonly PodInfo[]): Fields {
  const mark = FORMER.has(whose) ? { deprecated: true } : {}
  const all = (event: SyscallEvent, text: (one: PodInfo) => string | undefined) => {
    const texts = of(event).flatMap(one => text(one) ?? [])
    return texts.length === 0 ? undefined : texts.join(', ')
  }
  const source = 'From the API server: see docs/metadata.md.'
  const plain = (doc: string, text: (one: PodInfo) => string | undefined): Field => ({
    ...{ type: 'string', scope: 'thread', ...mark, doc: `${doc} ${source}` },
    extract: event => all(event, text),
  })
  return {
    ...(whose !== 'ns' && { [`k8s.${whose}.name`]: plain(`Name of ${what}.`, one => infoText(one, 'name')) }),
    [`k8s.${whose}.id`]: plain(`Unique id of ${what}.`, one => infoText(one, 'uid')),
    [`k8s.${whose}.label`]: {
      ...{ type: 'string', arg: 'required', argKind: 'key', brackets: true, scope: 'thread', ...mark },
      doc: `One label of ${what}: \`k8s.${whose}.label[app]\`. ${source}`,
      extract: (event: SyscallEvent, name: string) => all(event, one => labelText(one, 'labels', name)),
    } as Field,
    [`k8s.${whose}.labels`]: plain(
      `Labels of ${what}, \`name:value\` separated by commas.`,
      one => labelsText(one, 'labels') || undefined,
    ),
  }
}

/** Who the pod belongs to: only an API server knows. */
export const K8S_FAMILY_FIELDS: Fields = Object.fromEntries(
  POD_FAMILIES.flatMap(({ whose, what, of }) => Object.entries(family(whose, what, of))),
)

export const K8S_FIELDS: Fields = { ...POD, ...K8S_FAMILY_FIELDS }
