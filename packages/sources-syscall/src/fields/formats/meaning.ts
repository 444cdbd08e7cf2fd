import type { SyscallEvent } from '../../event.ts'
import { FLAG_TABLES } from '../../events/flags.ts'
import { ERRNO_NAMES, SIGNAL_NAMES } from '../../events/names.ts'
import type { ParamInfo, ParamType } from '../../events/params.ts'
import { SYSCALL_NAMES } from '../../events/syscalls.ts'
import type { Thread } from '../../model/thread.ts'
import type { UserTable } from '../../model/users.ts'
import { AT_FDCWD } from '../../state/directories.ts'
import { fdText } from './fd.ts'
import { FlagNames } from './flags.ts'
import { generalText } from './number.ts'

/** Printed for a path, a string or a number that the recorder left out. */
export const ABSENT = '<NA>'
export const ALL_ONES = 0xffffffffffffffffn
export const NO_ID = 0xffffffff

/** What a number stands for: the name of a flag or a user, the file behind a descriptor; '' = nothing but itself. */
export function meaning(event: SyscallEvent, info: ParamInfo, type: ParamType, value: number | bigint): string {
  switch (type) {
    case 'errno':
      return value < 0 ? errnoName(-Number(value)) : ''
    case 'fd':
    case 'fd32':
      return descriptorText(event.thread, Number(value))
    case 'pid':
    case 'pid32':
      return event.thread?.table.get(Number(value))?.comm ?? ''
    case 'uid':
      return idName(event, value, userName)
    case 'gid':
      return idName(event, value, groupName)
    case 'flags8':
    case 'flags16':
    case 'flags32':
    case 'mode':
      return flagNames(info, false)?.text(Number(value)) ?? ''
    case 'enumflags8':
    case 'enumflags16':
    case 'enumflags32':
      return flagNames(info, true)?.text(Number(value)) ?? ''
    case 'sigtype':
      return SIGNAL_NAMES.get(Number(value)) ?? ''
    case 'syscallid':
      return SYSCALL_NAMES[Number(value)] ?? ''
    case 'reltime':
      return value === ALL_ONES ? '' : `${generalText(Number(value) / 1e9)}s`
    default:
      return ''
  }
}

function errnoName(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? ''
}

function descriptorText(thread: Thread | null, num: number): string {
  if (thread === null) return ''
  if (num >= 0) {
    const fd = thread.fds.get(num)
    return fd === null ? '' : fdText(fd)
  }
  return num === AT_FDCWD ? 'AT_FDCWD' : errnoName(-num)
}

type NameOf = (users: UserTable, container: string, id: number) => string | undefined

/** Uses only names from the recording: unlike in user.name, 0 does not imply root here. */
const userName: NameOf = (users, container, id) =>
  users.hasUser(container, id) ? users.user(container, id)?.name : undefined
const groupName: NameOf = (users, container, id) =>
  users.hasGroup(container, id) ? users.group(container, id)?.name : undefined

function idName(event: SyscallEvent, id: number | bigint, nameOf: NameOf): string {
  if (id === NO_ID) return '<NONE>'
  const users = event.tables?.users
  if (users === undefined || event.thread === null) return ABSENT
  return nameOf(users, event.thread.containerId, Number(id)) ?? ABSENT
}

const flagNamesByTable = new Map<string, FlagNames>()

function flagNames(info: ParamInfo, exact: boolean): FlagNames | undefined {
  if (info.flags === null) return undefined
  const key = exact ? `=${info.flags}` : info.flags
  let names = flagNamesByTable.get(key)
  if (names === undefined) {
    names = new FlagNames(FLAG_TABLES.get(info.flags) ?? [], exact)
    flagNamesByTable.set(key, names)
  }
  return names
}
