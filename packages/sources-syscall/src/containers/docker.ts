/** Docker and podman: JSON over HTTP. https://docs.docker.com/reference/api/engine, https://docs.podman.io/en/latest/_static/api.html */
import {
  Answer,
  CONTAINER_TYPE,
  type ContainerDescription,
  type DescribedMount,
  keptLabels,
  seconds,
  shortId,
  splitImage,
} from './description.ts'
import { LookupError } from './failure.ts'
import type { SocketClient } from './http.ts'

/** Describes the docker container with this id. @throws {LookupError} */
export async function inspectDocker(
  client: SocketClient,
  id: string,
  labelLimit: number,
  signal: AbortSignal,
): Promise<ContainerDescription> {
  const container = new Answer(await client.get(`/containers/${encodeURIComponent(id)}/json`, signal))
  const name = container.text('Config', 'Image')
  return {
    ...described(container, labelLimit),
    ...(await podOf(client, container, labelLimit, signal)),
    type: CONTAINER_TYPE.docker,
    image: name,
    ...(await dockerImage(client, container.text('Image'), name, signal)),
    ip: container.text('NetworkSettings', 'IPAddress') || (await sharedAddress(client, container, signal)),
  }
}

/** The pod named by the kubelet's labels; its sandbox is also a container. @throws {LookupError} */
async function podOf(client: SocketClient, container: Answer, labelLimit: number, signal: AbortSignal) {
  const id = container.text('Config', 'Labels', 'io.kubernetes.sandbox.id')
  if (id === '') return {}
  const sandbox = new Answer(await orNothing(client.get(`/containers/${encodeURIComponent(id)}/json`, signal)))
  return { pod_sandbox_id: id, pod_sandbox_labels: keptLabels(sandbox.at('Config', 'Labels'), labelLimit) }
}

/** Docker's metadata for an image. @param name the image name that the container was created with @throws {LookupError} */
export async function dockerImage(client: SocketClient, id: string, name: string, signal: AbortSignal) {
  const image = new Answer(
    id === '' ? undefined : await orNothing(client.get(`/images/${encodeURIComponent(id)}/json`, signal)),
  )
  const named = splitImage(name)
  const pulled = image.texts('RepoDigests').map(splitImage)
  const origin = pulled.find(({ repository }) => repository === named.repository) ?? pulled[0]
  const tagged = image.texts('RepoTags').map(splitImage)
  return {
    imageid: (image.text('Id') || id).replace(/^sha256:/, ''),
    imagerepo: origin?.repository ?? tagged[0]?.repository ?? named.repository,
    imagetag: (tagged.find(({ repository }) => repository === named.repository) ?? tagged[0])?.tag ?? named.tag,
    imagedigest: origin?.digest ?? named.digest,
  }
}

/** Describes the podman container with this id. @throws {LookupError} */
export async function inspectPodman(
  client: SocketClient,
  id: string,
  labelLimit: number,
  signal: AbortSignal,
): Promise<ContainerDescription> {
  const path = `/v4.0.0/libpod/containers/${encodeURIComponent(id)}/json`
  const container = new Answer(await client.get(path, signal))
  const image = container.text('ImageName')
  const { repository, tag, digest } = splitImage(image)
  return {
    ...described(container, labelLimit),
    type: CONTAINER_TYPE.podman,
    image,
    imageid: container.text('Image'),
    imagerepo: repository,
    imagetag: tag,
    imagedigest: container.text('ImageDigest') || digest,
    ip: container.text('NetworkSettings', 'IPAddress') || networkAddress(container),
  }
}

/** The properties that both engines report in the same format. @throws {LookupError} */
function described(container: Answer, labelLimit: number) {
  const id = container.text('Id')
  if (id === '') throw new LookupError('bad-answer', 'a container without an id')
  const name = container.text('Name').replace(/^\//, '')
  return {
    id: shortId(id),
    full_id: id,
    name,
    User: container.text('Config', 'User'),
    created_time: seconds(container.at('Created')),
    env: container.texts('Config', 'Env'),
    cni_json: '',
    privileged: container.flag('HostConfig', 'Privileged'),
    host_pid: container.text('HostConfig', 'PidMode') === 'host',
    host_network: container.text('HostConfig', 'NetworkMode') === 'host',
    host_ipc: container.text('HostConfig', 'IpcMode') === 'host',
    // The kubelet's name for the container that holds a pod's namespaces.
    is_pod_sandbox: name.includes('k8s_POD'),
    pod_sandbox_id: '',
    labels: keptLabels(container.at('Config', 'Labels'), labelLimit),
    pod_sandbox_labels: {},
    Mounts: container.list('Mounts').map(mount => mountOf(new Answer(mount))),
  }
}

function mountOf(mount: Answer): DescribedMount {
  return {
    Source: mount.text('Source'),
    Destination: mount.text('Destination'),
    Mode: mount.text('Mode'),
    RW: mount.flag('RW'),
    Propagation: mount.text('Propagation'),
  }
}

/** Resolves to undefined if the object no longer exists. @throws {LookupError} */
async function orNothing(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof LookupError && error.reason === 'not-found') return undefined
    throw error
  }
}

/** The address of the first network that has one: the top-level address does not include named networks. */
function networkAddress(container: Answer): string {
  const networks = container.at('NetworkSettings', 'Networks')
  if (typeof networks !== 'object' || networks === null) return ''
  for (const network of Object.values(networks)) {
    const address = new Answer(network).text('IPAddress')
    if (address !== '') return address
  }
  return ''
}

/** A container that shares another container's network has the same address. @throws {LookupError} */
async function sharedAddress(client: SocketClient, container: Answer, signal: AbortSignal): Promise<string> {
  const own = networkAddress(container)
  const mode = container.text('HostConfig', 'NetworkMode')
  if (own !== '' || !mode.startsWith('container:')) return own
  const id = encodeURIComponent(mode.slice('container:'.length))
  const other = new Answer(await orNothing(client.get(`/containers/${id}/json`, signal)))
  return other.text('NetworkSettings', 'IPAddress') || networkAddress(other)
}
