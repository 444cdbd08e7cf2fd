/** Containers announced through the container runtime interface: GetContainerEvents. */

import { watchContainerd } from './containerd-events.ts'
import { describedByEvent, runtimeType, SERVICE } from './cri.ts'
import { CONTAINER_TYPE } from './description.ts'
import type { Watcher } from './engine.ts'
import { LookupError } from './failure.ts'
import type { GrpcClient } from './grpc.ts'
import type { Message } from './protobuf.ts'

const ContainerEvent = { containerId: 1, type: 2, podStatus: 4, statuses: 5 }
/** ContainerEventType: created, started. */
const LAST_OF_BEGINNING = 1n

/**
 * Reports new containers until the runtime ends the stream. containerd is watched through its own interface: before version 2 it
 * sends each event of GetContainerEvents to only one of the listeners, and the kubelet must not miss any. @throws {LookupError}
 */
export async function watchCri(
  client: GrpcClient,
  labelLimit: number,
  watcher: Watcher,
  signal: AbortSignal,
): Promise<void> {
  const type = await typeOf(client, signal)
  const watch = type === CONTAINER_TYPE.containerd ? watchContainerd : watchEvents
  await watch(client, labelLimit, watcher, signal, type)
}

/** Reports the containers announced by GetContainerEvents. @throws {LookupError} */
export async function watchEvents(
  client: GrpcClient,
  labelLimit: number,
  watcher: Watcher,
  signal: AbortSignal,
  type: number,
): Promise<void> {
  const event = (message: Message) => {
    if (message.number(ContainerEvent.type) > LAST_OF_BEGINNING) return
    const statuses = message.messages(ContainerEvent.statuses)
    const pod = message.message(ContainerEvent.podStatus)
    const announced = describedByEvent(message.text(ContainerEvent.containerId), pod, statuses, type, labelLimit)
    if (announced === null) watcher.unreadable()
    else watcher.announced(announced)
  }
  const tell = (message: Message) => {
    try {
      event(message)
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof LookupError)) throw error
      watcher.unreadable()
    }
  }
  await client.follow(`${SERVICE}/GetContainerEvents`, new Uint8Array(0), () => watcher.opened(), tell, signal)
}

/** containerd may run without the container runtime interface. @throws {LookupError} */
async function typeOf(client: GrpcClient, signal: AbortSignal): Promise<number> {
  try {
    return await runtimeType(client, signal)
  } catch (error) {
    if (error instanceof LookupError && error.reason === 'bad-answer') return CONTAINER_TYPE.containerd
    throw error
  }
}
