/** containerd and CRI-O through the Kubernetes container runtime interface, runtime.v1. Field numbers: k8s.io/cri-api api.proto. */
import {
  type Announced,
  Answer,
  CONTAINER_TYPE,
  type ContainerDescription,
  keptLabels,
  shortId,
  splitImage,
} from './description.ts'
import { LookupError } from './failure.ts'
import type { GrpcClient } from './grpc.ts'
import { encodeMessage, Message } from './protobuf.ts'

export const SERVICE = '/runtime.v1.RuntimeService'
/** NamespaceMode NODE: shared with the host. */
const NODE = 2n
/** MountPropagation by number. */
const PROPAGATION = ['private', 'rslave', 'rshared']
const IMAGE_ID = /^sha256:|^[0-9a-f]{64}$/
/** Limits how much memory a bad answer can use. */
const MAX_CNI_LENGTH = 4096
const NOTHING = new Message(new Uint8Array(0))

/** A runtime's answer about a container or a pod: the protocol message and the runtime-specific JSON. */
interface StatusAnswer {
  readonly status: Message
  readonly info: Answer
}
const NO_STATUS: StatusAnswer = { status: NOTHING, info: new Answer(undefined) }

/** Field numbers. */
const VersionResponse = { runtimeName: 2 }
const ListContainersRequest = { filter: 1 }
const ContainerFilter = { id: 1 }
const ListContainersResponse = { containers: 1 }
const Container = { podSandboxId: 2 }
/** The same for both requests and both responses. */
const StatusRequest = { id: 1, verbose: 2 }
const StatusResponse = { status: 1, info: 2 }
const ContainerStatus = { id: 1, metadata: 2, createdAt: 4, image: 8, imageRef: 9, labels: 12, mounts: 14, imageId: 17 }
const Metadata = { name: 1, uid: 2, namespace: 3 }
const ImageSpec = { image: 1 }
const Mount = { containerPath: 1, hostPath: 2, readonly: 3, propagation: 5 }
const PodSandboxStatus = { id: 1, metadata: 2, createdAt: 4, network: 5, linux: 6, labels: 7 }
const PodSandboxNetworkStatus = { ip: 1 }
const LinuxPodSandboxStatus = { namespaces: 1 }
const Namespace = { options: 2 }
const NamespaceOption = { network: 1, pid: 2, ipc: 3 }

/** The container or pod sandbox with this id. @throws {LookupError} */
export async function inspectCri(
  client: GrpcClient,
  id: string,
  labelLimit: number,
  signal: AbortSignal,
): Promise<ContainerDescription> {
  try {
    const type = await runtimeType(client, signal)
    const filter = encodeMessage([[ContainerFilter.id, id]])
    const list = await client.call(`${SERVICE}/ListContainers`, nested(ListContainersRequest.filter, filter), signal)
    const [listed] = list.messages(ListContainersResponse.containers)
    if (listed === undefined)
      return sandbox(await fetchStatus(client, 'PodSandboxStatus', id, signal), type, labelLimit)
    const own = await fetchStatus(client, 'ContainerStatus', id, signal)
    const podId = listed.text(Container.podSandboxId)
    return container(own, await podOf(client, podId, signal), podId, type, labelLimit)
  } catch (error) {
    if (error instanceof RangeError) throw new LookupError('bad-answer', `${client.socket}: ${error.message}`)
    throw error
  }
}

/**
 * The same from the messages in an event alone, without the runtime-specific JSON and therefore without the environment, the
 * privileges and the CNI result. null = the event does not describe the container. @throws {RangeError}
 */
export function describedByEvent(
  id: string,
  podStatus: Message,
  statuses: readonly Message[],
  type: number,
  labelLimit: number,
): Announced | null {
  const pod = { ...NO_STATUS, status: podStatus }
  const podId = podStatus.text(PodSandboxStatus.id)
  const status = statuses.find(one => one.text(ContainerStatus.id) === id)
  if (status === undefined && podId !== id) return null
  const whole =
    status === undefined
      ? sandbox(pod, type, labelLimit)
      : container({ ...NO_STATUS, status }, pod, podId, type, labelLimit)
  const { env: _, privileged: __, cni_json: ___, ...known } = whole
  return known
}

/** container_type of this runtime's containers. @throws {LookupError} */
export async function runtimeType(client: GrpcClient, signal: AbortSignal): Promise<number> {
  const version = await client.call(`${SERVICE}/Version`, encodeMessage([]), signal)
  const runtime = version.text(VersionResponse.runtimeName)
  return runtime === 'containerd' || runtime === 'cri-o' ? CONTAINER_TYPE[runtime] : CONTAINER_TYPE.cri
}

function nested(field: number, message: Uint8Array): Uint8Array {
  // Ids are shorter than 128 bytes, so one byte holds the length.
  return Uint8Array.of((field << 3) | 2, message.length, ...message)
}

/** @throws {LookupError | RangeError} */
async function fetchStatus(
  client: GrpcClient,
  method: 'ContainerStatus' | 'PodSandboxStatus',
  id: string,
  signal: AbortSignal,
): Promise<StatusAnswer> {
  const request = encodeMessage([
    [StatusRequest.id, id],
    [StatusRequest.verbose, true],
  ])
  const answer = await client.call(`${SERVICE}/${method}`, request, signal)
  return { status: answer.message(StatusResponse.status), info: infoOf(answer) }
}

/** The pod of a container; `NO_STATUS` if it is gone by now. @throws {LookupError | RangeError} */
async function podOf(client: GrpcClient, id: string, signal: AbortSignal): Promise<StatusAnswer> {
  if (id === '') return NO_STATUS
  try {
    return await fetchStatus(client, 'PodSandboxStatus', id, signal)
  } catch (error) {
    if (error instanceof LookupError && error.reason === 'not-found') return NO_STATUS
    throw error
  }
}

function container(
  { status, info }: StatusAnswer,
  podStatus: StatusAnswer,
  sandboxId: string,
  type: number,
  labelLimit: number,
): ContainerDescription {
  const id = status.text(ContainerStatus.id)
  if (id === '') throw new LookupError('bad-answer', 'a container without an id')
  return {
    ...pod(podStatus, labelLimit),
    ...image(status, info),
    type,
    id: shortId(id),
    full_id: id,
    name: status.message(ContainerStatus.metadata).text(Metadata.name),
    User: '',
    created_time: Number(status.number(ContainerStatus.createdAt) / 1_000_000_000n),
    env: info.list('config', 'envs').map(entry => {
      const variable = new Answer(entry)
      return `${variable.text('key')}=${variable.text('value')}`
    }),
    privileged:
      info.flag('config', 'linux', 'security_context', 'privileged') ||
      info.flag('runtimeSpec', 'linux', 'security_context', 'privileged') ||
      info.flag('privileged'),
    is_pod_sandbox: false,
    pod_sandbox_id: sandboxId,
    labels: {
      ...keptLabels(status.map(ContainerStatus.labels), labelLimit),
      ...podNames(podStatus, sandboxId),
    },
    Mounts: status.messages(ContainerStatus.mounts).map(mount => ({
      Source: mount.text(Mount.hostPath),
      Destination: mount.text(Mount.containerPath),
      Mode: '',
      RW: mount.number(Mount.readonly) === 0n,
      Propagation: PROPAGATION[Number(mount.number(Mount.propagation))] ?? 'unknown',
    })),
  }
}

/** The container that holds a pod's namespaces, described from the pod's status alone. */
function sandbox(podStatus: StatusAnswer, type: number, labelLimit: number): ContainerDescription {
  const { status, info } = podStatus
  const id = status.text(PodSandboxStatus.id)
  if (id === '') throw new LookupError('bad-answer', 'a pod without an id')
  const name = info.text('image') || info.text('runtimeSpec', 'annotations', 'io.kubernetes.cri-o.Image')
  const { repository, tag, digest } = splitImage(name)
  return {
    ...pod(podStatus, labelLimit),
    type,
    id: shortId(id),
    full_id: id,
    name: status.message(PodSandboxStatus.metadata).text(Metadata.name),
    image: name,
    imagerepo: repository,
    imagetag: tag,
    imagedigest: digest,
    imageid: '',
    User: '',
    created_time: Number(status.number(PodSandboxStatus.createdAt) / 1_000_000_000n),
    env: [],
    privileged: info.flag('config', 'linux', 'security_context', 'privileged'),
    is_pod_sandbox: true,
    pod_sandbox_id: id,
    labels: { ...keptLabels(status.map(PodSandboxStatus.labels), labelLimit), ...podNames(podStatus, id) },
    Mounts: [],
  }
}

/** The properties that containers inherit from their pod. */
function pod({ status, info }: StatusAnswer, labelLimit: number) {
  const options = status
    .message(PodSandboxStatus.linux)
    .message(LinuxPodSandboxStatus.namespaces)
    .message(Namespace.options)
  return {
    ip: status.message(PodSandboxStatus.network).text(PodSandboxNetworkStatus.ip),
    cni_json: cniResult(info),
    host_pid: options.number(NamespaceOption.pid) === NODE,
    host_network: options.number(NamespaceOption.network) === NODE,
    host_ipc: options.number(NamespaceOption.ipc) === NODE,
    pod_sandbox_labels: keptLabels(status.map(PodSandboxStatus.labels), labelLimit),
  }
}

/** The labels from which fields read the pod's names. The runtime's own values take precedence over labels set by a user. */
function podNames({ status }: StatusAnswer, sandboxId: string): Record<string, string> {
  const metadata = status.message(PodSandboxStatus.metadata)
  const names: Record<string, string> = sandboxId === '' ? {} : { 'io.kubernetes.sandbox.id': sandboxId }
  if (!status.has(PodSandboxStatus.metadata)) return names
  names['io.kubernetes.pod.uid'] = metadata.text(Metadata.uid)
  names['io.kubernetes.pod.name'] = metadata.text(Metadata.name)
  names['io.kubernetes.pod.namespace'] = metadata.text(Metadata.namespace)
  return names
}

/** `image_ref` is an image's id or `repository@sha256:digest`; the image's name may also be an id. */
function image(status: Message, info: Answer) {
  const reference = status.text(ContainerStatus.imageRef)
  const spec = status.message(ContainerStatus.image).text(ImageSpec.image)
  const byDigest = reference.includes('@sha256:')
  const annotations = ['io.kubernetes.cri.image-name', 'io.kubernetes.cri-o.ImageName', 'io.kubernetes.cri-o.Image']
  const named =
    spec !== '' && !spec.startsWith('sha256:')
      ? spec
      : (annotations.map(key => info.text('runtimeSpec', 'annotations', key)).find(text => text !== '') ?? '')
  const { repository, tag } = splitImage(named === '' && byDigest ? reference : named)
  const digest = byDigest
    ? reference.slice(reference.indexOf('@') + 1)
    : reference.startsWith('sha256:')
      ? reference
      : ''
  // The kubelet requests an image by its id, other clients by its name.
  const asked = info.text('config', 'image', 'image')
  const ids = [asked, status.text(ContainerStatus.imageId), reference]
  return {
    image: tag === '' ? repository : `${repository}:${tag}`,
    imagerepo: repository,
    imagetag: tag,
    imagedigest: digest,
    imageid: (ids.find(id => IMAGE_ID.test(id)) ?? asked).replace(/^sha256:/, ''),
  }
}

/** The runtime-specific JSON; its shape differs between runtimes. */
function infoOf(answer: Message): Answer {
  const text = answer.map(StatusResponse.info).info
  try {
    return new Answer(text === undefined ? undefined : JSON.parse(text))
  } catch {
    throw new LookupError('bad-answer', 'info that is not JSON')
  }
}

function cniResult(info: Answer): string {
  const interfaces = info.at('cniResult', 'Interfaces') ?? info.at('cniResult', 'interfaces')
  const text =
    interfaces === undefined
      ? info.text('runtimeSpec', 'annotations', 'io.kubernetes.cri-o.CNIResult')
      : JSON.stringify(interfaces)
  return text.length > MAX_CNI_LENGTH ? '' : text
}
