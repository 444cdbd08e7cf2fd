/** The tables of a capture other than processes and descriptors: machine, interfaces, users and groups. */

import type { InterfaceEntry } from '../model/interfaces.ts'
import { TextLimit } from './block.ts'
import type { Cursor } from './cursor.ts'
import type { GroupEntry, MachineInfo, UserEntry } from './visitor.ts'

/** Bytes of a machine block's body. */
export const MACHINE_SIZE = 180
/** Each takes 50 times the memory that it has in a capture. */
const MAX_INTERFACES = 65536

export function readMachine(cursor: Cursor): MachineInfo {
  const cpus = cursor.u32('number of cpus')
  const memoryBytes = cursor.u64('memory size')
  const maxPid = cursor.u64('largest pid')
  const hostname = cursor.fixedText(128, 'host name')
  const bootTime = cursor.u64('boot time')
  const flags = cursor.u64('machine flags')
  return { cpus, memoryBytes, maxPid, hostname, bootTime, flags }
}

/** @param version 1: entries only; 2: each entry is preceded by its length, not counting the length field. */
export function readInterfaces(cursor: Cursor, version: 1 | 2): InterfaceEntry[] {
  const interfaces: InterfaceEntry[] = []
  while (cursor.remaining >= 4) {
    if (interfaces.length === MAX_INTERFACES) cursor.fail(`more than ${MAX_INTERFACES} interfaces`)
    const entry = version === 2 ? cursor.part(cursor.u32('length of interface'), 'interface') : cursor
    const type = entry.u16('type of interface')
    const nameLength = entry.u16('length of interface name')
    if (nameLength > TextLimit.interface) entry.fail(`invalid length ${nameLength} of interface name`)
    if (type < 1 || type > 4) entry.fail(`unknown interface type ${type}`)
    const size = type === 1 || type === 3 ? 4 : 16
    const address = entry.copy(size, 'address')
    const netmask = entry.copy(size, 'netmask')
    const broadcast = entry.copy(size, 'broadcast address')
    const linkSpeed = type <= 2 ? entry.u64('link speed') : 0n
    interfaces.push({ name: entry.fixedText(nameLength, 'interface name'), address, netmask, broadcast, linkSpeed })
  }
  return interfaces
}

/** @param version 1: entries only; 2: each entry starts with its length, counting the length field. */
export function readUsers(cursor: Cursor, version: 1 | 2): { users: UserEntry[]; groups: GroupEntry[] } {
  const users: UserEntry[] = []
  const groups: GroupEntry[] = []
  while (cursor.remaining >= 4) {
    const entry = version === 2 ? cursor.part(lengthOf(cursor, 'user'), 'user') : cursor
    if (entry.u8('type of user') === 0) {
      const uid = entry.u32('uid')
      const gid = entry.u32('gid')
      const name = entry.text(TextLimit.user, 'user name')
      const home = entry.text(TextLimit.user, 'home directory')
      users.push({ uid, gid, name, home, shell: entry.text(TextLimit.user, 'shell') })
    } else {
      const gid = entry.u32('gid')
      groups.push({ gid, name: entry.text(TextLimit.user, 'group name') })
    }
  }
  return { users, groups }
}

/** Reads an entry's length from its first field; the result does not count that field. */
export function lengthOf(cursor: Cursor, what: string): number {
  const length = cursor.u32(`length of ${what}`)
  if (length < 4) cursor.fail(`length ${length} of ${what}`)
  return length - 4
}
