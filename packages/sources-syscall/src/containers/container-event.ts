import { PPME } from '../events/ids.ts'
import { metaEvent } from '../meta-event.ts'

const encoder = new TextEncoder()
const NO_PLUGIN = 0

/**
 * The event with which Falco's container plugin reports a container (asyncevent). State, rules and recordings treat it like any
 * other event. `time`: nanoseconds since 1970. `name`: POD_EVENT for an event about a pod.
 */
export function containerEvent(json: string, time: bigint, name = 'container'): Uint8Array {
  const texts = [encoder.encode(`${name}\0`), encoder.encode(`${json}\0`)]
  const plugin = new Uint8Array(4)
  new DataView(plugin.buffer).setUint32(0, NO_PLUGIN, true)
  return metaEvent(PPME.ASYNCEVENT_E, time, [plugin, ...texts])
}
