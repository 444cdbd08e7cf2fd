/** Containers announced by docker and podman: GET /events, one JSON object per line. */
import { type Announced, Answer, CONTAINER_TYPE, keptLabels, shortId, splitImage } from './description.ts'
import { dockerImage } from './docker.ts'
import type { Watcher } from './engine.ts'

import type { SocketClient } from './http.ts'

/** `start` covers containers that were created before the watch began. */
const FILTERS = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['create', 'start'] }))
/** Event attributes that are not container labels. The engine omits a label with one of these names. */
const OWN_ATTRIBUTES = new Set(['name', 'image', 'podId'])

/** Reports new containers until docker ends the stream. @throws {LookupError} */
export function watchDocker(client: SocketClient, labelLimit: number, watcher: Watcher, signal: AbortSignal) {
  return watch(client, '', CONTAINER_TYPE.docker, labelLimit, watcher, signal)
}

/**
 * The same for podman. If it logs events to a file (no systemd), it polls that file four times a second, so it may announce a
 * container that is already gone. @throws {LookupError}
 */
export function watchPodman(client: SocketClient, labelLimit: number, watcher: Watcher, signal: AbortSignal) {
  return watch(client, '/v4.0.0/libpod', CONTAINER_TYPE.podman, labelLimit, watcher, signal)
}

/** Adds the image's metadata, which outlives the container, to an announced container. @throws {LookupError} */
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

/** Returns null if the text is not a valid container event. */
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
