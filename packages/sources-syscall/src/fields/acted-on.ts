import type { SyscallEvent } from '../event.ts'
import { OBJECT_EVENTS, SECOND_PATHS } from '../events/resolved.ts'
import { EVENTS } from '../events/table.ts'
import { objectOf } from '../state/objects.ts'
import { knownAs } from '../state/opened-path.ts'
import { passedThrough } from '../state/path-starts.ts'

const SECOND: ReadonlySet<string> = new Set(SECOND_PATHS)
const ACTS_ON_PATHS: ReadonlySet<number> = new Set(
  EVENTS.flatMap(({ id, code }) => (OBJECT_EVENTS.includes(code) ? id : [])),
)

/** The path by which rules know what a call acted on; `asked`: its parameter `name`, made absolute. */
export function actedOn(event: SyscallEvent, name: string, asked: string): string {
  if (!ACTS_ON_PATHS.has(event.type)) return asked
  const object = objectOf(event, SECOND.has(name) ? 1 : 0) || passedThrough(event, name)
  return object === '' ? asked : knownAs(asked, object)
}
