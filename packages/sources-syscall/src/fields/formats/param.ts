import type { SyscallEvent } from '../../event.ts'
import { FLAG_TABLES } from '../../events/flags.ts'
import { ERRNO_NAMES, SIGNAL_NAMES } from '../../events/names.ts'
import { PARAM_SIZES, type ParamFormat, type ParamInfo, type ParamType } from '../../events/params.ts'
import { SYSCALL_NAMES } from '../../events/syscalls.ts'
import { EVENTS } from '../../events/table.ts'
import { decodeText } from '../../events/text.ts'
import type { Thread } from '../../model/thread.ts'
import type { UserTable } from '../../model/users.ts'
import { concatenatePaths } from '../../state/paths.ts'
import { AT_FDCWD, baseOf } from '../directory.ts'
import { sockaddrText, socktupleText } from './address.ts'
import { type BytesText, dottedText } from './bytes.ts'
import { fdText, fdTypeChar } from './fd.ts'
import { FlagNames } from './flags.ts'
import { generalText, numberText } from './number.ts'
import { localTimeText } from './time.ts'

/** Printed for a path, a string or a number that the recorder left out. */
const ABSENT = '<NA>'
const ALL_ONES = 0xffffffffffffffffn
const NO_ID = 0xffffffff

/** Formats parameter `i` of an event as libsinsp does: `16384`, `/etc/passwd`, `-2`. */
export function rawText(event: SyscallEvent, i: number, bytesText: BytesText = dottedText): string {
  const info = EVENTS[event.type]!.params[i]!
  if (!event.has(i)) return absentText(info.type)
  if (info.type === 'bytes') {
    const at = event.paramOffset(i)
    return bytesText(event.bytes.subarray(at, at + event.paramLength(i)))
  }
  return info.type === 'dyn'
    ? variantText(event, i, info, raw)
    : raw(event, info, info.type, event.paramOffset(i), event.paramLength(i))
}

/**
 * The resolved value of parameter `i`: names of flags, the file behind a descriptor, a full path; '' = nothing to add to
 * `rawText`.
 */
export function resolvedText(event: SyscallEvent, i: number): string {
  const info = EVENTS[event.type]!.params[i]!
  if (!event.has(i)) return ''
  return info.type === 'dyn'
    ? variantText(event, i, info, resolved, '')
    : resolved(event, info, info.type, event.paramOffset(i), event.paramLength(i))
}

/** evt.arg: `resolvedText`, or `rawText` if that is empty. */
export function argumentText(event: SyscallEvent, i: number, bytesText: BytesText = dottedText): string {
  return resolvedText(event, i) || rawText(event, i, bytesText)
}

function absentText(type: ParamType): string {
  switch (type) {
    case 'bytes':
    case 'socktuple':
    case 'fdlist':
    case 'strings':
    case 'dyn':
      return 'NULL'
    default:
      return ABSENT
  }
}

type Render = (event: SyscallEvent, info: ParamInfo, type: ParamType, at: number, length: number) => string

/** The first byte of a `dyn` parameter is the type of the rest. */
function variantText(
  event: SyscallEvent,
  i: number,
  info: ParamInfo,
  render: Render,
  unknown = 'INVALID DYNAMIC PARAMETER',
): string {
  const at = event.paramOffset(i)
  const variant = info.variants?.[event.bytes[at]!]
  return variant ? render(event, info, variant.type, at + 1, event.paramLength(i) - 1) : unknown
}

function raw(event: SyscallEvent, info: ParamInfo, type: ParamType, at: number, length: number): string {
  switch (type) {
    case 'string':
    case 'path':
    case 'relpath':
      return stringText(event, at, length)
    case 'bytes':
      return dottedText(event.bytes.subarray(at, at + length))
    case 'strings':
    case 'pairs':
      return decodeText(event.bytes, at, at + length)
        .replace(/\0$/, '')
        .replaceAll('\0', '.')
    case 'sockaddr':
      return sockaddrText(event.bytes.subarray(at, at + length), pathText)
    case 'socktuple':
      return socktupleText(event.bytes.subarray(at, at + length), pathText)
    case 'fdlist':
      return fdListText(event, at, length)
    case 'sigset':
      return signalSetText(Number(readInteger(event, type, at, length) ?? 0))
    default:
      return scalarText(type, info.format, readInteger(event, type, at, length))
  }
}

function resolved(event: SyscallEvent, info: ParamInfo, type: ParamType, at: number, length: number): string {
  switch (type) {
    case 'relpath':
    case 'path':
      return fullPath(event, info, stringText(event, at, length))
    case 'string':
    case 'bytes':
    case 'strings':
    case 'pairs':
    case 'sockaddr':
    case 'socktuple':
    case 'fdlist':
    case 'sigset':
      return ''
    default: {
      const value = readInteger(event, type, at, length)
      return value === undefined ? '' : meaning(event, info, type, value)
    }
  }
}

/** Types whose numbers may be negative. */
const SIGNED: ReadonlySet<ParamType> = new Set<ParamType>([
  'int8',
  'int16',
  'int32',
  'int64',
  'errno',
  'fd',
  'fd32',
  'pid',
  'pid32',
])

/** Reads a number of any size; undefined if the recorded size differs from the size of the type. */
export function readInteger(
  event: SyscallEvent,
  type: ParamType,
  at: number,
  length: number,
): number | bigint | undefined {
  const { view } = event
  if (length !== PARAM_SIZES[type]) return undefined
  const signed = SIGNED.has(type)
  switch (length) {
    case 1:
      return signed ? view.getInt8(at) : view.getUint8(at)
    case 2:
      return signed ? view.getInt16(at, true) : view.getUint16(at, true)
    case 4:
      return signed ? view.getInt32(at, true) : view.getUint32(at, true)
    case 8: {
      const high = signed ? view.getInt32(at + 4, true) : view.getUint32(at + 4, true)
      if (high >= -0x200000 && high < 0x200000) return high * 0x100000000 + view.getUint32(at, true)
      return signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true)
    }
    default:
      return undefined
  }
}

function scalarText(type: ParamType, format: ParamFormat, value: number | bigint | undefined): string {
  if (value === undefined) return ABSENT
  switch (type) {
    case 'uid':
    case 'gid':
      return value === NO_ID ? '-1' : value.toString()
    case 'reltime':
      return value === ALL_ONES ? 'none' : value.toString()
    case 'abstime':
      return localTimeText(BigInt(value))
    case 'syscallid':
      return SYSCALL_NAMES[Number(value)] === undefined ? '<unknown syscall>' : value.toString()
    case 'int8':
    case 'int16':
    case 'uint8':
    case 'uint16':
      return numberText(value, format, 32)
    case 'int32':
    case 'uint32':
    case 'mode':
      return numberText(format === 'hex' || format === 'oct' ? value : Number(value) | 0, format, 32)
    case 'int64':
    case 'uint64':
      // libsinsp prints unsigned values with the signed format.
      return numberText(format === 'hex' || format === 'oct' ? value : asSigned(value), format, 64)
    default:
      return value.toString()
  }
}

function asSigned(value: number | bigint): number | bigint {
  return typeof value === 'bigint' ? BigInt.asIntN(64, value) : value
}

/** The resolved value of a number. */
function meaning(event: SyscallEvent, info: ParamInfo, type: ParamType, value: number | bigint): string {
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

/**
 * Makes a relative path absolute: relative to the working directory, or to the directory in the parameter named by
 * `info.dirfd`.
 */
function fullPath(event: SyscallEvent, info: ParamInfo, path: string): string {
  if (event.thread === null || path === ABSENT || path.startsWith('/')) return ''
  return concatenatePaths(baseOf(event, event.thread, info), path)
}

/** A string up to its first NUL; the recorder's marker for a null pointer prints as absent. */
function stringText(event: SyscallEvent, at: number, length: number): string {
  const text = pathText(event.bytes.subarray(at, at + length))
  return text === '(NULL)' ? ABSENT : text
}

function pathText(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0)
  return decodeText(bytes, 0, nul < 0 ? bytes.length : nul)
}

/** The descriptors of poll and ppoll with their type letter and the events in hex: `3:f1 4:p0`. */
function fdListText(event: SyscallEvent, at: number, length: number): string {
  if (event.thread === null) return ''
  const { fds } = event.thread
  return readFdList(event, at, length)
    .map(({ num, events }) => {
      const fd = fds.get(num)
      return `${numberText(BigInt.asUintN(64, BigInt(num)), 'dec', 64)}:${fd === null ? '?' : fdTypeChar(fd)}${events.toString(16)}`
    })
    .join(' ')
}

/** Entries beyond the length are left out. */
export function readFdList(event: SyscallEvent, at: number, length: number): { num: number; events: number }[] {
  const { view } = event
  const entries: { num: number; events: number }[] = []
  const end = at + length
  const count = length < 2 ? 0 : view.getUint16(at, true)
  for (let i = 0, next = at + 2; i < count && next + 10 <= end; i++, next += 10) {
    entries.push({
      num: view.getInt32(next + 4, true) * 0x100000000 + view.getUint32(next, true),
      events: view.getInt16(next + 8, true) >>> 0,
    })
  }
  return entries
}

function signalSetText(bits: number): string {
  const names: string[] = []
  for (let bit = 0; bit < 32; bit++) {
    const name = SIGNAL_NAMES.get(bit + 1)
    if ((bits >>> bit) & 1 && name !== undefined) names.push(name)
  }
  return names.join(' ')
}
