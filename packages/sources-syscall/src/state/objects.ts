import type { SyscallEvent } from '../event.ts'
import { OBJECTS_END, objectsStart } from '../events/resolved.ts'
import { EVENTS } from '../events/table.ts'
import { decodeText } from '../events/text.ts'

/**
 * What a call acted on, by its first path (0) or its second (1), as the kernel found it, or the directory that an open starts from: see
 * RESOLVED_EVENTS. '' = what was passed, or it is not recorded.
 */
export function objectOf(event: SyscallEvent, which: number): string {
  const { bytes, view, end, nparams, type } = event
  if (nparams < EVENTS[type]!.params.length) return ''
  const last = end - OBJECTS_END
  let from = objectsStart(type, view, event.paramOffset(nparams), end)
  for (let i = 0; i < which && from < last; i++) from = bytes.indexOf(0, from) + 1
  const to = from < last ? bytes.indexOf(0, from) : -1
  return to < 0 || to >= last ? '' : decodeText(bytes, from, to)
}
