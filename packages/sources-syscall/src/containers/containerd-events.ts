/** Containers as containerd announces them to everybody who listens: its events, of all namespaces. */
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
/** Milliseconds that containerd has for the record of a container that it has announced. */
const TIMEOUT = 2000

/** Tells about new containers until containerd ends it. @throws {LookupError} */
export async function watchContainerd(
  client: GrpcClient,
  labelLimit: number,
  watcher: Watcher,
  signal: AbortSignal,
): Promise<void> {
  const request = encodeMessage([[SubscribeRequest.filters, 'topic=="/containers/create"']])
  const event = (envelope: Message) => {
    const namespace = envelope.text(Envelope.namespace)
    if (isDockers(namespace)) return
    const created = envelope.message(Envelope.event).message(Any.value)
    const deadline = AbortSignal.any([AbortSignal.timeout(TIMEOUT), signal])
    containerIn(client, namespace, created.text(ContainerCreate.id), labelLimit, deadline).then(
      container => watcher.announced(container),
      // It is gone already, or makes no sense.
      error => {
        if (!(error instanceof LookupError)) throw error
        if (!signal.aborted) watcher.unreadable()
      },
    )
  }
  await client.follow(SUBSCRIBE, request, () => watcher.opened(), event, signal)
}
