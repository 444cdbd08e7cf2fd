import type { SyscallEvent } from '../event.ts'
import type { PodInfo } from '../model/pod.ts'
import { infoMap } from './container-info.ts'

/** The API server's description of the event's pod; undefined outside pods and while it is not known. */
export function podInfo(event: SyscallEvent): PodInfo | undefined {
  const pod = event.thread?.container.pod ?? null
  if (pod === null) return undefined
  if (pod.info !== null) return pod.info
  pod.missed = pod.pending
  return undefined
}

/** A part of it that has a name, and perhaps an id and labels. */
export const named = (pod: PodInfo | undefined, part: string): PodInfo | undefined => infoMap(pod, part)

const one = (part: string) => (event: SyscallEvent) => listOf(named(podInfo(event), part))

const owner = (part: string) => (event: SyscallEvent) => listOf(infoMap(infoMap(podInfo(event), 'owners'), part))

const listOf = (part: PodInfo | undefined): readonly PodInfo[] => (part === undefined ? [] : [part])

function services(event: SyscallEvent): readonly PodInfo[] {
  const list = podInfo(event)?.services
  return Array.isArray(list) ? list.filter(one => typeof one === 'object' && one !== null) : []
}

/** Who a pod belongs to. */
export const POD_FAMILIES = [
  { whose: 'ns', what: "the pod's namespace", of: one('ns') },
  { whose: 'deployment', what: 'the deployment of the pod', of: owner('deployment') },
  { whose: 'svc', what: 'the services that select the pod', of: services },
  { whose: 'rs', what: 'the replica set of the pod', of: owner('rs') },
  { whose: 'rc', what: 'the replication controller of the pod', of: owner('rc') },
  { whose: 'statefulset', what: 'the stateful set of the pod', of: owner('statefulset') },
  { whose: 'daemonset', what: 'the daemon set of the pod', of: owner('daemonset') },
  { whose: 'job', what: 'the job of the pod', of: owner('job') },
  { whose: 'node', what: "the pod's node", of: one('node') },
] as const
