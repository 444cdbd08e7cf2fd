import type { SyscallEvent } from '../event.ts'
import { OBJECT_EVENTS, OBJECTS_END, objectsStart, SECOND_PATHS } from '../events/resolved.ts'
import { EVENTS } from '../events/table.ts'
import { decodeText } from '../events/text.ts'
import { knownAs } from '../state/opened-path.ts'
import { passedThrough } from '../state/path-starts.ts'

const SECOND: ReadonlySet<string> = new Set(SECOND_PATHS)
const ACTS_ON_PATHS: ReadonlySet<number> = new Set(
  EVENTS.flatMap(({ id, code }) => (OBJECT_EVENTS.includes(code) ? id : [])),
)

/**
 * What a call acted on, by its first path (0) or its second (1), as the kernel found it: see OBJECT_EVENTS. '' = what was passed, or it
 * is not recorded.
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

/** The path by which rules know what a call acted on; `asked`: its parameter `name`, made absolute. */
export function actedOn(event: SyscallEvent, name: string, asked: string): string {
  if (!ACTS_ON_PATHS.has(event.type)) return asked
  const object = objectOf(event, SECOND.has(name) ? 1 : 0) || passedThrough(event, name)
  return object === '' ? asked : knownAs(asked, object)
}
