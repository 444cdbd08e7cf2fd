import type { SyscallEvent } from '../event.ts'
import { decodeText } from '../events/text.ts'
import type { Machine } from './machine.ts'

const USER_ADDED = 354
const GROUP_ADDED = 358

/** useradded, userdeleted: of the host or of a container. */
export function user(machine: Machine, event: SyscallEvent): void {
  const uid = event.uint32(0)
  const container = event.text(5)
  if (event.type === USER_ADDED) {
    const entry = { uid, gid: event.uint32(1), name: event.text(2), home: event.text(3), shell: event.text(4) }
    machine.users.setUser(container, entry)
  } else machine.users.deleteUser(container, uid)
  machine.threads.forgetAll()
}

/** groupadded, groupdeleted. */
export function group(machine: Machine, event: SyscallEvent): void {
  const gid = event.uint32(0)
  const container = event.text(2)
  if (event.type === GROUP_ADDED) machine.users.setGroup(container, { gid, name: event.text(1) })
  else machine.users.deleteGroup(container, gid)
  machine.threads.forgetAll()
}

/** A container's metadata, as captures of older recorders have it. */
export function container(machine: Machine, event: SyscallEvent): void {
  describe(machine, event.text(0))
}

/** An event of a plugin; Falco's container plugin reports containers so. */
export function async(machine: Machine, event: SyscallEvent): void {
  if (event.text(1) !== 'container') return
  const bytes = event.blob(2)
  const end = bytes.length > 0 && bytes[bytes.length - 1] === 0 ? bytes.length - 1 : bytes.length
  describe(machine, decodeText(bytes, 0, end))
}

function describe(machine: Machine, json: string): void {
  const described = machine.containers.describe(json)
  if (described === null) return
  described.memo = null
  machine.threads.forgetAll()
}
