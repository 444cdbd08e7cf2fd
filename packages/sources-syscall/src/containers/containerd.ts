/**
 * containerd's own interface: containers of all namespaces, including those unknown to the container runtime interface (created
 * by ctr or nerdctl). Field numbers: github.com/containerd/containerd/api/services.
 */
import { type Announced, Answer, CONTAINER_TYPE, keptLabels, shortId, splitImage } from './description.ts'
import { LookupError } from './failure.ts'
import type { GrpcClient, Metadata } from './grpc.ts'
import { boundMounts, looksPrivileged, sharedNamespaces } from './oci-spec.ts'
import { encodeMessage, type Message } from './protobuf.ts'

const CONTAINERS = '/containerd.services.containers.v1.Containers'
const IMAGES = '/containerd.services.images.v1.Images'
const NAMESPACES = '/containerd.services.namespaces.v1.Namespaces'
/** Namespaces whose owners know more about their containers than containerd does: the kubelet's runtime, docker. */
const KUBERNETES = 'k8s.io'
const DOCKER = 'moby'
/** Labels that containerd and its CRI plugin set on containers for internal use. */
const OWN_LABEL = /^io\.(?:cri-)?containerd[./]/
/** Further namespaces are not queried. */
const MAX_NAMESPACES = 32

/** Field numbers. */
const GetContainerRequest = { id: 1 }
const GetContainerResponse = { container: 1 }
const ListNamespacesResponse = { namespaces: 1 }
const Namespace = { name: 1 }
const Container = { id: 1, labels: 2, image: 3, spec: 5, createdAt: 8 }
const GetImageRequest = { name: 1 }
const GetImageResponse = { image: 1 }
const Image = { target: 3 }
const Descriptor = { digest: 2 }
const Any = { value: 2 }
const Timestamp = { seconds: 1 }

/** Finds a container by id in any namespace except `KUBERNETES` and `DOCKER`. @throws {LookupError} */
export async function inspectContainerd(
  client: GrpcClient,
  id: string,
  labelLimit: number,
  signal: AbortSignal,
): Promise<Announced> {
  const list = await client.call(`${NAMESPACES}/List`, new Uint8Array(0), signal)
  const names = list.messages(ListNamespacesResponse.namespaces).map(namespace => namespace.text(Namespace.name))
  for (const name of names.slice(0, MAX_NAMESPACES)) {
    if (name === KUBERNETES || name === DOCKER) continue
    try {
      return await containerIn(client, name, id, labelLimit, signal)
    } catch (error) {
      if (!(error instanceof LookupError && error.reason === 'not-found')) throw error
    }
  }
  throw new LookupError('not-found', `${client.socket}: no namespace has it`)
}

/** @throws {LookupError} */
export async function containerIn(
  client: GrpcClient,
  namespace: string,
  id: string,
  labelLimit: number,
  signal: AbortSignal,
): Promise<Announced> {
  const request = encodeMessage([[GetContainerRequest.id, id]])
  const metadata = { 'containerd-namespace': namespace }
  const answer = await client.call(`${CONTAINERS}/Get`, request, signal, metadata)
  try {
    const container = answer.message(GetContainerResponse.container)
    const digest = await digestOf(client, container.text(Container.image), signal, metadata)
    const known = described(container, labelLimit)
    return digest === '' ? known : { ...known, imagedigest: digest }
  } catch (error) {
    if (error instanceof RangeError) throw new LookupError('bad-answer', `${client.socket}: ${error.message}`)
    throw error
  }
}

/** The digest to which an image's name resolves; '' if there is no such image. @throws {LookupError | RangeError} */
async function digestOf(client: GrpcClient, name: string, signal: AbortSignal, metadata: Metadata): Promise<string> {
  const request = encodeMessage([[GetImageRequest.name, name]])
  try {
    const answer = await client.call(`${IMAGES}/Get`, request, signal, metadata)
    return answer.message(GetImageResponse.image).message(Image.target).text(Descriptor.digest)
  } catch (error) {
    if (error instanceof LookupError && error.reason === 'not-found') return ''
    throw error
  }
}

/** Whether this namespace belongs to docker, which describes its containers itself. */
export function isDockers(namespace: string): boolean {
  return namespace === DOCKER
}

/** A container's record combined with its OCI runtime specification. @throws {LookupError | RangeError} */
function described(container: Message, labelLimit: number): Announced {
  const id = container.text(Container.id)
  if (id === '') throw new LookupError('bad-answer', 'a container without an id')
  const labels = keptLabels(container.map(Container.labels), labelLimit)
  for (const name of Object.keys(labels)) if (OWN_LABEL.test(name)) delete labels[name]
  const spec = specOf(container)
  const annotation = (name: string) => spec.text('annotations', `io.kubernetes.cri.${name}`)
  const isPod = annotation('container-type') === 'sandbox'
  const podName = annotation('sandbox-name')
  const image = annotation('image-name') || container.text(Container.image)
  const { repository, tag, digest } = splitImage(image)
  return {
    type: CONTAINER_TYPE.containerd,
    id: shortId(id),
    full_id: id,
    name: isPod ? podName : annotation('container-name') || (labels['nerdctl/name'] ?? id),
    image,
    imagerepo: repository,
    imagetag: tag,
    imagedigest: digest,
    created_time: Number(container.message(Container.createdAt).number(Timestamp.seconds)),
    env: spec.texts('process', 'env'),
    is_pod_sandbox: isPod,
    pod_sandbox_id: annotation('sandbox-id'),
    labels: { ...labels, ...podNames(annotation) },
    ...(container.has(Container.spec) && {
      ...sharedNamespaces(spec),
      privileged: looksPrivileged(spec),
      Mounts: boundMounts(spec),
    }),
  }
}

/** The labels from which fields read a pod's names. */
function podNames(annotation: (name: string) => string): Record<string, string> {
  if (annotation('sandbox-id') === '') return {}
  return {
    'io.kubernetes.sandbox.id': annotation('sandbox-id'),
    'io.kubernetes.pod.name': annotation('sandbox-name'),
    'io.kubernetes.pod.namespace': annotation('sandbox-namespace'),
    'io.kubernetes.pod.uid': annotation('sandbox-uid'),
  }
}

/** Parses the OCI specification: JSON in a protobuf Any. @throws {LookupError} */
function specOf(container: Message): Answer {
  const text = container.message(Container.spec).text(Any.value)
  try {
    return new Answer(text === '' ? undefined : JSON.parse(text))
  } catch {
    throw new LookupError('bad-answer', 'a specification that is not JSON')
  }
}
