import { containerInfo, infoText, labelsText, labelText } from './container-info.ts'
import type { Field, Fields } from './table.ts'

const SHORT_ID = 12

/** A label that the kubelet sets on every container of a pod. */
function label(doc: string, name: string, suggested = false): Field {
  return {
    type: 'string',
    scope: 'thread',
    ...(suggested ? { suggested } : {}),
    doc,
    extract: event => labelText(containerInfo(event), 'labels', name),
  }
}

function info(doc: string, key: string, length?: number): Field {
  return {
    type: 'string',
    scope: 'thread',
    doc,
    extract: event => infoText(containerInfo(event), key)?.slice(0, length),
  }
}

/** The pod that the container belongs to. */
export const K8S_FIELDS: Fields = {
  'k8s.pod.name': label('Name of the pod.', 'io.kubernetes.pod.name', true),
  'k8s.ns.name': label('Namespace of the pod.', 'io.kubernetes.pod.namespace', true),
  'k8s.pod.id': label('Unique id of the pod.', 'io.kubernetes.pod.uid'),
  'k8s.pod.uid': label('Unique id of the pod.', 'io.kubernetes.pod.uid'),
  'k8s.pod.sandbox_id': info("First 12 characters of the id of the pod's sandbox.", 'pod_sandbox_id', SHORT_ID),
  'k8s.pod.full_sandbox_id': info("Id of the pod's sandbox.", 'pod_sandbox_id'),
  'k8s.pod.label': {
    type: 'string',
    arg: 'required',
    argKind: 'key',
    brackets: true,
    scope: 'thread',
    doc: 'One label of the pod: `k8s.pod.label[app]`.',
    extract: (event, name: string) => labelText(containerInfo(event), 'pod_sandbox_labels', name),
  },
  'k8s.pod.labels': {
    type: 'string',
    scope: 'thread',
    doc: 'Labels of the pod, `name:value` with commas between.',
    extract: event => labelsText(containerInfo(event), 'pod_sandbox_labels'),
  },
  'k8s.pod.ip': info('Address of the pod.', 'ip'),
  'k8s.pod.cni.json': info('What the container network interface returned for the pod, as JSON.', 'cni_json'),
}
