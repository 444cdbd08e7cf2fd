import type { SyscallEvent } from '../../event.ts'
import { SIGNAL_NAMES } from '../../events/names.ts'
import type { ParamFormat, ParamInfo, ParamType } from '../../events/params.ts'
import { SYSCALL_NAMES } from '../../events/syscalls.ts'
import { EVENTS } from '../../events/table.ts'
import { decodeText } from '../../events/text.ts'
import { concatenatePaths } from '../../state/paths.ts'
import { actedOn } from '../acted-on.ts'
import { baseOf } from '../directory.ts'
import { sockaddrText, socktupleText } from './address.ts'
import { type BytesText, dottedText } from './bytes.ts'
import { fdTypeChar } from './fd.ts'
import { readFdList } from './fd-list.ts'
import { readInteger } from './integer.ts'
import { ABSENT, ALL_ONES, meaning, NO_ID } from './meaning.ts'
import { numberText } from './number.ts'
import { localTimeText } from './time.ts'

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

/**
 * Makes a relative path absolute: relative to the working directory, or to the directory in the parameter named by
 * `info.dirfd`. Of an absolute one, what the call acted on, if it is another.
 */
function fullPath(event: SyscallEvent, info: ParamInfo, path: string): string {
  if (event.thread === null || path === ABSENT) return ''
  if (path.startsWith('/')) {
    const asked = concatenatePaths('', path)
    const known = actedOn(event, info.name, asked)
    return known === asked ? '' : known
  }
  return actedOn(event, info.name, concatenatePaths(baseOf(event, event.thread, info), path))
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

function signalSetText(bits: number): string {
  const names: string[] = []
  for (let bit = 0; bit < 32; bit++) {
    const name = SIGNAL_NAMES.get(bit + 1)
    if ((bits >>> bit) & 1 && name !== undefined) names.push(name)
  }
  return names.join(' ')
}
