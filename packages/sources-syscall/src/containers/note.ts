import { EVENT_HEADER } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { EVENT_FLAGS, EventFlag } from '../events/table.ts'

const encoder = new TextEncoder()
const NO_PLUGIN = 0
const TID_NONE = 0xffffffffffffffffn

/**
 * The event by which Falco's container plugin reports a container (asyncevent): an event like any other for state, rules and
 * recordings. `time`: nanoseconds since 1970.
 */
export function containerNote(json: string, time: bigint): Uint8Array {
  const texts = [encoder.encode('container\0'), encoder.encode(`${json}\0`)]
  const plugin = new Uint8Array(4)
  new DataView(plugin.buffer).setUint32(0, NO_PLUGIN, true)
  return encodeEvent(PPME.ASYNCEVENT_E, time, TID_NONE, [plugin, ...texts])
}

function encodeEvent(type: number, time: bigint, tid: bigint, params: readonly Uint8Array[]): Uint8Array {
  const width = (EVENT_FLAGS[type]! & EventFlag.large_payload) === 0 ? 2 : 4
  const length = EVENT_HEADER + params.reduce((sum, param) => sum + width + param.length, 0)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, time, true)
  view.setBigUint64(8, tid, true)
  view.setUint32(16, length, true)
  view.setUint16(20, type, true)
  view.setUint32(22, params.length, true)
  let at = EVENT_HEADER + width * params.length
  for (const [i, param] of params.entries()) {
    if (width === 2) view.setUint16(EVENT_HEADER + i * 2, param.length, true)
    else view.setUint32(EVENT_HEADER + i * 4, param.length, true)
    bytes.set(param, at)
    at += param.length
  }
  return bytes
}
