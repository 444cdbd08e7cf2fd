/** Containers announced by containerd's event stream, for all namespaces. */
import { containerIn, isDockers } from './containerd.ts'
import type { Watcher } from './engine.ts'
import { LookupError } from './failure.ts'
import type { GrpcClient } from './grpc.ts'
import { encodeMessage, type Message } from './protobuf.ts'

const SUBSCRIBE = '/containerd.services.events.v1.Events/Subscribe'
const SubscribeRequest = { filters: 1 }
const Envelope = { namespace: 2, event: 4 }
const Any = { value: 2 }
const ContainerCreate = { id: 1 }
/** Timeout in milliseconds for fetching the record of an announced container. */
const TIMEOUT = 2000
/** Maximum number of records that are fetched at once. A container beyond is looked up when one of its processes is seen. */
const MAX_FETCHED = 256

/** Reports new containers until containerd ends the stream. @throws {LookupError} */
export async function watchContainerd(
  client: GrpcClient,
  labelLimit: number,
  watcher: Watcher,
  signal: AbortSignal,
): Promise<void> {
  const request = encodeMessage([[SubscribeRequest.filters, 'topic=="/containers/create"']])
  let fetched = 0
  const event = (envelope: Message) => {
    const namespace = envelope.text(Envelope.namespace)
    if (isDockers(namespace)) return
    const created = envelope.message(Envelope.event).message(Any.value)
    if (fetched >= MAX_FETCHED) return watcher.unreadable()
    fetched++
    const deadline = AbortSignal.any([AbortSignal.timeout(TIMEOUT), signal])
    containerIn(client, namespace, created.text(ContainerCreate.id), labelLimit, deadline)
      .finally(() => fetched--)
      .then(
        container => watcher.announced(container),
        // The container is already gone, or its record is malformed.
        error => {
          if (!(error instanceof LookupError)) throw error
          if (!signal.aborted) watcher.unreadable()
        },
      )
  }
  await client.follow(SUBSCRIBE, request, () => watcher.opened(), event, signal)
}
