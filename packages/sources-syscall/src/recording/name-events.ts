import { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { metaEvent } from '../meta-event.ts'
import type { Names } from '../state/name-search.ts'

/**
 * Yields the events in which Falco's recordings store the names of users and groups. `containerId`: '' = the host.
 * `time`: nanoseconds since 1970.
 */
export function* nameEvents(containerId: string, { users, groups }: Names, time: bigint): Generator<SyscallEvent> {
  const id = text(containerId)
  for (const { uid, gid, name, home, shell } of users)
    yield note(PPME.USER_ADDED_E, time, [uint32(uid), uint32(gid), text(name), text(home), text(shell), id])
  for (const { gid, name } of groups) yield note(PPME.GROUP_ADDED_E, time, [uint32(gid), text(name), id])
}

function note(type: number, time: bigint, params: readonly Uint8Array[]): SyscallEvent {
  const bytes = metaEvent(type, time, params)
  const event = new SyscallEvent()
  event.attach(bytes, new DataView(bytes.buffer), 0, bytes.length)
  return event
}

const encoder = new TextEncoder()
/** Maximum length of a name or path. Falco's own field is shorter, but a longer text is not an error. */
const MAX_TEXT = 1024

function text(value: string): Uint8Array {
  return encoder.encode(`${value.slice(0, MAX_TEXT)}\0`)
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
