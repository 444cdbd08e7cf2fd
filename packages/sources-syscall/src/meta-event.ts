import { EVENT_HEADER } from './event.ts'
import { EVENT_FLAGS, EventFlag } from './events/table.ts'

const TID_NONE = 0xffffffffffffffffn

/** Encodes an event that carries information and belongs to no thread (Falco's metaevent). `time`: nanoseconds since 1970. */
export function metaEvent(type: number, time: bigint, params: readonly Uint8Array[]): Uint8Array {
  const width = (EVENT_FLAGS[type]! & EventFlag.large_payload) === 0 ? 2 : 4
  const length = EVENT_HEADER + params.reduce((sum, param) => sum + width + param.length, 0)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, time, true)
  view.setBigUint64(8, TID_NONE, true)
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
