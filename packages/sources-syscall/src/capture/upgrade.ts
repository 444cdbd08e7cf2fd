import { EVENT_HEADER } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { EVENT_FLAGS, EVENT_NPARAMS, EventFlag } from '../events/table.ts'

/** Size of an event header in version 1, which does not store the number of parameters. */
export const OLD_EVENT_HEADER = 22

/**
 * Converts an event from a version 1 block to the current form. The number of parameters is inferred: it is the largest
 * number, up to the table's, for which header, lengths and parameters add up to the length of the event.
 * @returns the event's bytes, or null if no number fits
 */
export function upgradeEvent(view: DataView, bytes: Uint8Array, start: number, limit: number): Uint8Array | null {
  if (limit - start < OLD_EVENT_HEADER) return null
  const type = view.getUint16(start + 20, true)
  // These two were written with a length that is three bytes too large.
  const surplus = type === PPME.NOTIFICATION_E || type === PPME.INFRASTRUCTURE_EVENT_E ? 3 : 0
  const length = view.getUint32(start + 16, true) - surplus
  const end = start + length
  if (length < OLD_EVENT_HEADER || end > limit) return null
  const nparams = countParams(view, start, end, type)
  if (nparams < 0) return null
  const upgraded = new Uint8Array(length + EVENT_HEADER - OLD_EVENT_HEADER)
  upgraded.set(bytes.subarray(start, start + OLD_EVENT_HEADER))
  upgraded.set(bytes.subarray(start + OLD_EVENT_HEADER, end), EVENT_HEADER)
  const header = new DataView(upgraded.buffer)
  header.setUint32(16, upgraded.length, true)
  header.setUint32(OLD_EVENT_HEADER, nparams, true)
  return upgraded
}

function countParams(view: DataView, start: number, end: number, type: number): number {
  const wide = (EVENT_FLAGS[type]! & EventFlag.large_payload) !== 0
  const size = wide ? 4 : 2
  for (let count = EVENT_NPARAMS[type]!; count >= 0; count--) {
    let at = start + OLD_EVENT_HEADER
    let total = at + count * size
    for (let i = 0; i < count && total <= end; i++, at += size) {
      total += wide ? view.getUint32(at, true) : view.getUint16(at, true)
    }
    if (total === end) return count
    if (total < end) return -1
  }
  return -1
}
