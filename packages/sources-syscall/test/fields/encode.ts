import { SyscallEvent } from '../../src/event.ts'
import { PPME } from '../../src/events/ids.ts'
import { type EventCode, positions } from '../../src/events/positions.ts'
import { EVENTS, EventFlag } from '../../src/events/table.ts'

/** An event with one parameter set and all others empty. */
export function eventWith(code: string, param: string, value: Uint8Array): { event: SyscallEvent; index: number } {
  const id = PPME[code as keyof typeof PPME]
  const info = EVENTS[id]
  if (info === undefined) throw new TypeError(`no event ${code}`)
  const index = positions([param], code as EventCode)[param]!
  const lengthSize = info.flags & EventFlag.large_payload ? 4 : 2
  const size = 26 + info.params.length * lengthSize + value.length
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setUint32(16, size, true)
  view.setUint16(20, id, true)
  view.setUint32(22, info.params.length, true)
  view.setUint8(26 + index * lengthSize, value.length)
  bytes.set(value, size - value.length)
  const event = new SyscallEvent()
  if (!event.attach(bytes, view, 0, size)) throw new TypeError(`${code}: not an event`)
  return { event, index }
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text === '-' ? [] : text.match(/../g)!, pair => Number.parseInt(pair, 16))
}
