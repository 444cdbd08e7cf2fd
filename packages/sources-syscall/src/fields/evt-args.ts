import { encodeBase64, type FieldType, type Scalar } from '@falc/engine'
import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import type { ParamType } from '../events/params.ts'
import { positions } from '../events/positions.ts'
import { EVENTS } from '../events/table.ts'
import { directoryOf, UNKNOWN_DIRECTORY } from '../state/directories.ts'
import { concatenatePaths } from '../state/paths.ts'
import { actedOn } from './acted-on.ts'
import { type ArgumentRef, argumentByName, argumentRef } from './arguments.ts'
import { type BytesText, dottedText } from './formats/bytes.ts'
import { readInteger } from './formats/integer.ts'
import { argumentText, rawText, resolvedText } from './formats/param.ts'
import { type Field, type Fields, LEFT_ONLY } from './table.ts'

const DATA = argumentByName('data')

/** All arguments, as `name=value` or `name=value(meaning)` separated by spaces; empty for generic system calls. */
function allArguments(event: SyscallEvent, bytesText: BytesText): string {
  if (event.type === PPME.GENERIC_X) return ''
  const { params } = EVENTS[event.type]!
  let text = ''
  for (let i = 0; i < event.nparams; i++) {
    const resolved = resolvedText(event, i)
    text += `${i === 0 ? '' : ' '}${params[i]!.name}=${rawText(event, i, bytesText)}${resolved === '' ? '' : `(${resolved})`}`
  }
  return text
}

function argument(event: SyscallEvent, ref: ArgumentRef, bytesText: BytesText): string | undefined {
  const index = ref.of(event)
  return index < 0 ? undefined : argumentText(event, index, bytesText)
}

/** The value of a parameter in its native type: numbers as numbers, text as text, anything else as bytes. */
function rawArgument(event: SyscallEvent, ref: ArgumentRef): Scalar | undefined {
  const index = ref.of(event)
  if (index < 0 || !event.has(index)) return undefined
  const { type } = EVENTS[event.type]!.params[index]!
  switch (type) {
    case 'string':
    case 'path':
    case 'relpath':
      return event.text(index)
    case 'bytes':
    case 'strings':
    case 'pairs':
    case 'sockaddr':
    case 'socktuple':
    case 'fdlist':
    case 'dyn':
    case 'ipv4addr':
    case 'ipv6addr':
      return event.blob(index)
    default:
      return readInteger(event, type, event.paramOffset(index), event.paramLength(index))
  }
}

/** The type used to compare an argument in conditions: that of the first parameter of its name. */
function rawType(ref: ArgumentRef): Pick<Field, 'type' | 'print'> {
  const { type, format } = ref.info!
  return {
    type: RAW_TYPES[type] ?? (type as FieldType),
    ...(format === 'na' || format === 'dir' ? {} : { print: format }),
  }
}

/** Parameter types that are not field types. */
const RAW_TYPES: Readonly<Partial<Record<ParamType, FieldType>>> = {
  fd32: 'fd',
  pid32: 'pid',
  strings: 'bytes',
  pairs: 'bytes',
  sigset: 'uint32',
}

interface PathPair {
  readonly dirfd: string
  readonly path: string
}

/** Directory and path parameters of the calls supported by evt.abspath, source first. */
const PATHS: ReadonlyMap<number, readonly PathPair[]> = new Map<number, readonly PathPair[]>([
  [PPME.SYSCALL_RENAMEAT_X, both('olddirfd', 'oldpath', 'newdirfd', 'newpath')],
  [PPME.SYSCALL_RENAMEAT2_X, both('olddirfd', 'oldpath', 'newdirfd', 'newpath')],
  [PPME.SYSCALL_LINKAT_2_X, both('olddir', 'oldpath', 'newdir', 'newpath')],
  [PPME.SYSCALL_SYMLINKAT_X, one('linkdirfd', 'linkpath')],
  [PPME.SYSCALL_OPENAT_2_X, one('dirfd', 'name')],
  [PPME.SYSCALL_OPENAT2_X, one('dirfd', 'name')],
  [PPME.SYSCALL_UNLINKAT_2_X, one('dirfd', 'name')],
  [PPME.SYSCALL_MKDIRAT_X, one('dirfd', 'path')],
  [PPME.SYSCALL_FCHMODAT_X, one('dirfd', 'filename')],
  [PPME.SYSCALL_FCHOWNAT_X, one('dirfd', 'pathname')],
])

function one(dirfd: string, path: string): readonly PathPair[] {
  return [
    { dirfd, path },
    { dirfd, path },
  ]
}

function both(dirfd: string, path: string, dirfd2: string, path2: string): readonly PathPair[] {
  return [
    { dirfd, path },
    { dirfd: dirfd2, path: path2 },
  ]
}

const BY_HANDLE = positions(['fd', 'path'], 'SYSCALL_OPEN_BY_HANDLE_AT_X')

/** Calls whose own path the kernel has found: that of the others is their directory's. */
const OPENS: ReadonlySet<number> = new Set([PPME.SYSCALL_OPENAT_2_X, PPME.SYSCALL_OPENAT2_X])

/** @param end 0 = the source (or the only path), 1 = the destination. */
function absolutePath(event: SyscallEvent, end: number): string | undefined {
  const { thread } = event
  if (thread === null) return undefined
  if (event.type === PPME.SYSCALL_OPEN_BY_HANDLE_AT_X) {
    return event.int64Number(BY_HANDLE.fd) > 0 ? concatenatePaths('', event.text(BY_HANDLE.path)) : undefined
  }
  const pair = PATHS.get(event.type)?.[end]
  if (pair === undefined) return undefined
  const dirfd = argumentByName(pair.dirfd).of(event)
  const path = argumentByName(pair.path).of(event)
  if (dirfd < 0 || path < 0 || !event.has(dirfd) || !event.has(path)) return undefined
  if (OPENS.has(event.type) && event.fd !== null && (event.resolved !== '' || event.hostPath !== ''))
    return event.fd.name
  const name = event.text(path)
  const directory = directoryOf(thread, name, event.int64Number(dirfd))
  return actedOn(
    event,
    pair.path,
    concatenatePaths(directory === UNKNOWN_DIRECTORY ? `${directory}/` : directory, name),
  )
}

function pathEnd(arg: string): number {
  const end = ['src', 'dst'].indexOf(arg)
  if (end < 0) throw new Error(`evt.abspath has the forms evt.abspath.src and evt.abspath.dst, not ${arg}`)
  return end
}

/** The fields that show bytes, in base64 or with dots for unprintable bytes. */
function fieldsWithBytes(bytesText: BytesText): Fields {
  const all = (event: SyscallEvent) => allArguments(event, bytesText)
  return {
    'evt.args': {
      type: 'string',
      doc: 'All arguments of the event in one text, `name=value` each, with the meaning of a value in parentheses.',
      extract: all,
    },
    'evt.info': { type: 'string', doc: 'The same as evt.args.', extract: all },
    'evt.arg': {
      type: 'string',
      arg: 'required',
      argKind: 'key',
      doc: 'One argument of the event, by name (`evt.arg.flags`) or by number (`evt.arg[0]`), printed by its meaning: names of flags, full paths, error names.',
      parseArg: argumentRef,
      extract: (event, ref) => argument(event, ref, bytesText),
    },
    'evt.buffer': {
      type: 'bytes',
      print: bytesText === encodeBase64 ? 'base64' : 'dots',
      doc: 'The data that the call read or wrote, as much of it as was recorded.',
      extract: event => {
        const index = DATA.of(event)
        return index >= 0 && event.has(index) ? event.blob(index) : undefined
      },
    },
  }
}

/** The fields of EVT_ARGS_FIELDS that show bytes, in base64 (Falco's buffer_format_base64). */
export const BASE64_FIELDS: Fields = fieldsWithBytes(encodeBase64)

/** Arguments of the event. */
export const EVT_ARGS_FIELDS: Fields = {
  ...fieldsWithBytes(dottedText),
  'evt.rawarg': {
    type: 'dyn',
    arg: 'required',
    argKind: 'key',
    ...LEFT_ONLY,
    doc: 'One argument of the event, by name, with its own type: a number stays a number.',
    parseArg: argumentByName,
    refine: rawType,
    extract: rawArgument,
  },
  'evt.abspath': {
    type: 'string',
    arg: 'optional',
    argKind: 'key',
    doc: 'Absolute path of calls that take a directory and a path relative to it; `evt.abspath.src` and `.dst` if there are two.',
    parseArg: pathEnd,
    extract: (event, end = 0) => absolutePath(event, end),
  },
}
