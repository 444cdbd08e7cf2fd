/** Containers as docker and podman announce them: GET /events, one JSON object a line. */
import { type Announced, Answer, CONTAINER_TYPE, keptLabels, shortId, splitImage } from './description.ts'
import { dockerImage } from './docker.ts'
import type { Watcher } from './engine.ts'

import type { SocketClient } from './http.ts'

/** `start` is for containers that were made before anybody watched. */
const FILTERS = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['create', 'start'] }))
/** Attributes of an event that are no labels of the container. Where a label has such a name, the engine has left it out. */
const OWN_ATTRIBUTES = new Set(['name', 'image', 'podId'])

/** Tells about new containers until docker ends it. @throws {LookupError} */
export function watchDocker(client: SocketClient, labelLimit: number, watcher: Watcher, signal: AbortSignal) {
  return watch(client, '', CONTAINER_TYPE.docker, labelLimit, watcher, signal)
}

/**
 * The same of podman. With its events in a file (no systemd) it looks there four times a second, so that it may announce a
 * container that has gone already. @throws {LookupError}
 */
export function watchPodman(client: SocketClient, labelLimit: number, watcher: Watcher, signal: AbortSignal) {
  return watch(client, '/v4.0.0/libpod', CONTAINER_TYPE.podman, labelLimit, watcher, signal)
}

/** The announced container with what the engine knows of its image: that stays when the container goes. @throws {LookupError} */
export async function withDockerImage(
  client: SocketClient,
  container: Announced,
  signal: AbortSignal,
): Promise<Announced> {
  return { ...container, ...(await dockerImage(client, container.image, container.image, signal)) }
}

/** @throws {LookupError} */
export async function withPodmanImage(
  client: SocketClient,
  container: Announced,
  signal: AbortSignal,
): Promise<Announced> {
  const path = `/v4.0.0/libpod/images/${encodeURIComponent(container.image)}/json`
  const image = new Answer(await client.get(path, signal))
  const digest = image.text('Digest') || (container.imagedigest ?? '')
  return { ...container, imageid: image.text('Id'), imagedigest: digest }
}

function watch(
  client: SocketClient,
  prefix: string,
  type: number,
  labelLimit: number,
  watcher: Watcher,
  signal: AbortSignal,
): Promise<void> {
  const line = (text: string) => {
    const announced = announcedBy(text, type, labelLimit)
    if (announced === null) watcher.unreadable()
    else watcher.announced(announced)
  }
  return client.follow(`${prefix}/events?filters=${FILTERS}`, () => watcher.opened(), line, signal)
}

/** null = not what an event of a container looks like. */
export function announcedBy(text: string, type: number, labelLimit: number): Announced | null {
  let event: Answer
  try {
    event = new Answer(JSON.parse(text))
  } catch {
    return null
  }
  const id = event.text('Actor', 'ID')
  const image = event.text('Actor', 'Attributes', 'image')
  if (id === '' || image === '') return null
  const { repository, tag, digest } = splitImage(image)
  const labels = keptLabels(event.at('Actor', 'Attributes'), labelLimit)
  for (const name of OWN_ATTRIBUTES) delete labels[name]
  const time = event.at('time')
  const created = event.text('Action') === 'create' && typeof time === 'number' ? { created_time: time } : {}
  return {
    type,
    id: shortId(id),
    full_id: id,
    name: event.text('Actor', 'Attributes', 'name'),
    image,
    imagerepo: repository,
    imagetag: tag,
    imagedigest: digest,
    ...created,
    is_pod_sandbox: event.text('Actor', 'Attributes', 'name').includes('k8s_POD'),
    labels,
  }
}
