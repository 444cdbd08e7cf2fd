import type { UnmatchedClass } from '@falc/engine'
import type { Window } from '../capture/window.ts'
import { EVENT_HEADER } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { uint16, uint32 } from '../events/integers.ts'
import { internText } from '../events/text.ts'
import { type Fd, FdKind, type LateName } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { fileOf, O_DIRECTORY } from './open-files.ts'
import { nameOf } from './opened-path.ts'
import { PathSearch } from './path-search.ts'
import { hasUsualLengths } from './repeated-opens.ts'
import type { Tables } from './tables.ts'

/** Second names: see event.ts. */
const HEADER = EVENT_HEADER
const OPENAT = PPME.SYSCALL_OPENAT_2_X
const SLASH = 0x2f
const AT_FDCWD = -100
/** PPM_O_WRONLY, PPM_O_CREAT, PPM_O_F_CREATED */
const MAKES_OR_WRITES = 2 | 4 | (1 << 14)
/** PPM_O_TMPFILE, which says nothing beside PPM_O_DIRECTORY. */
const O_TMPFILE = 1 << 13
/** From the lengths of an openat's parameters, all of which are there, to the first parameter. */
const PARAMETERS = 14
const RESULT = 8
const DIRFD = 8
/** Behind the name: flags, mode, device, inode. */
const BEHIND_NAME = 4 + 4 + 4 + 8
const LONGEST_NAME = 255
const DOT = 0x2e
const BRACKET = 0x28
/** Length of "(NULL)". */
const NULL_TEXT = 6
/** A name is made from this many others' at most. */
const MAX_LATENESS = 8

/** What the rules leave of the two classes of opens for reading; undefined: such events are read. */
export interface PlainOpensKeep {
  readonly fileReads?: UnmatchedClass | undefined
  readonly directoryReads?: UnmatchedClass | undefined
}

/**
 * Whether rules cannot match an event of a type, going by its thread and descriptor. Without `rules`: whether none can.
 * @param fd null = there is none; undefined = not known
 */
export type ExcludesByObjects = (
  type: number,
  thread: Thread,
  fd: Fd | null | undefined,
  rules?: readonly number[],
) => boolean

/**
 * Applies openat calls that opened something to read it and that no rule can match, from their bytes: what the walk through a tree
 * does. The descriptor's name is made when it is asked for.
 */
export class PlainOpens {
  readonly #tables: Tables
  readonly #search: PathSearch | undefined
  /** Rules that may match whatever the path, of files and of directories. */
  readonly #ofFiles: readonly number[] | undefined
  readonly #ofDirectories: readonly number[] | undefined
  readonly #excludes: ExcludesByObjects
  #cwd = ''
  #belowCwd = 0

  constructor(tables: Tables, { fileReads, directoryReads }: PlainOpensKeep, excludes: ExcludesByObjects) {
    this.#tables = tables
    this.#search = PathSearch.of([...(fileReads?.texts ?? []), ...(directoryReads?.texts ?? [])])
    this.#ofFiles = fileReads?.rules
    this.#ofDirectories = directoryReads?.rules
    this.#excludes = excludes
  }

  /** Returns false, having done nothing, if the event whose header starts at `start` must be read. */
  apply({ bytes, view }: Window, start: number, limit: number, thread: Thread): boolean {
    const search = this.#search
    const { repeatedOpens } = this.#tables
    if (search === undefined || repeatedOpens === null || !hasUsualLengths(view, start)) return false
    const result = start + HEADER + PARAMETERS
    const dirfd = result + RESULT
    const name = dirfd + DIRFD
    const flagsAt = name + uint16(view, start + HEADER + 4)
    const nameEnd = flagsAt - 1
    const end = start + uint32(view, start + 16)
    if (end > limit || flagsAt + BEHIND_NAME > end || nameEnd <= name || nameEnd - name > LONGEST_NAME) return false
    const num = view.getInt32(result, true)
    const flags = uint32(view, flagsAt)
    if (num < 0 || view.getInt32(result + 4, true) !== 0 || (flags & MAKES_OR_WRITES) !== 0) return false
    const isDirectory = (flags & O_DIRECTORY) !== 0
    const rules = isDirectory ? this.#ofDirectories : this.#ofFiles
    if (!isDirectory && (flags & O_TMPFILE) !== 0) return false
    if (rules === undefined || (rules.length > 0 && !this.#excludes(OPENAT, thread, undefined, rules))) return false
    const absolute = bytes[name] === SLASH
    if (absolute) {
      const known = repeatedOpens.find(bytes, view, start, end)
      if (known !== null) {
        if (known.type === FdKind.unknown) return false
        if (!search.isOwn(known.searched)) known.searched = this.#searchFile(known, search)
        if (!search.isClear(known.searched)) return false
        this.#set(thread, num, known)
        return true
      }
    }
    if (bytes[nameEnd] !== 0 || !isPlain(bytes, name, nameEnd)) return false
    const base = absolute ? '' : this.#baseOf(thread, view.getInt32(dirfd, true), view.getInt32(dirfd + 4, true))
    if (base === null) return false
    const from = absolute ? search.begin : this.#below(base, search)
    const searched = search.through(from, bytes, name, nameEnd)
    if (!search.isClear(searched)) return false
    // The kernel's path follows, if it is another.
    const other = flagsAt + BEHIND_NAME
    let resolved = ''
    if (other < end) {
      if (bytes[end - 1] !== 0 || !search.isClear(search.through(search.begin, bytes, other, end - 1))) return false
      resolved = internText(bytes, view, other, end - 1)
    }
    const dev = uint32(view, flagsAt + 8)
    const fd = fileOf(
      internText(bytes, view, name, nameEnd),
      resolved,
      flags,
      dev,
      view.getInt32(flagsAt + 12, true),
      uint32(view, flagsAt + 16),
    )
    if (absolute && resolved === '') fd.name = fd.nameRaw
    else fd.nameLate(new NameBelow(base))
    fd.searched = searched
    if (absolute) repeatedOpens.keep(bytes, view, start, end, fd)
    this.#set(thread, num, fd)
    return true
  }

  #set(thread: Thread, num: number, fd: Fd): void {
    fd.num = num
    if (!thread.fds.set(num, fd)) this.#tables.droppedFds++
  }

  /** What a relative path is relative to: a descriptor, or the name of a directory; null = not known. */
  #baseOf(thread: Thread, dirfd: number, high: number): Fd | string | null {
    if (high !== dirfd >> 31) return null
    if (dirfd === AT_FDCWD) return thread.cwd.charCodeAt(0) === SLASH ? thread.cwd : null
    const fd = thread.fds.get(dirfd)
    return fd === null || (fd.lateness === 0 && fd.name.charCodeAt(0) !== SLASH) ? null : fd
  }

  /** Where the search stands behind the directory's path and a slash. */
  #below(base: Fd | string, search: PathSearch): number {
    if (typeof base === 'string') {
      if (base !== this.#cwd || this.#belowCwd === 0) {
        this.#cwd = base
        this.#belowCwd = search.below(search.throughNames(base, []))
      }
      return this.#belowCwd
    }
    if (!search.isOwn(base.searched)) base.searched = this.#searchFile(base, search)
    return search.below(base.searched)
  }

  /** Where the search stands behind a descriptor's name, if it finds nothing in its other paths. */
  #searchFile({ name, nameRaw, resolved }: Fd, search: PathSearch): number {
    return search.throughNames(name, [nameRaw, resolved])
  }
}

/** Whether a path ends in a name, and is one: "(NULL)" stands for none. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  const last = bytes[end - 1]!
  if (last === SLASH || (last === DOT && (end - start === 1 || bytes[end - 2] === SLASH))) return false
  return end - start !== NULL_TEXT || bytes[start] !== BRACKET
}

/** The name of a file opened by a path relative to a directory. */
class NameBelow implements LateName {
  private readonly base: Fd | string
  readonly lateness: number
  readonly stays = false

  /** @param base a directory, or its name; '' if the path is absolute */
  constructor(base: Fd | string) {
    const made = typeof base === 'string' || base.lateness < MAX_LATENESS
    this.base = made ? base : base.name
    this.lateness = typeof this.base === 'string' ? 1 : this.base.lateness + 1
  }

  of({ nameRaw, resolved }: Fd): string {
    const base = this.base
    const directory = typeof base === 'string' ? base : base.name
    return nameOf(directory === '' || directory.endsWith('/') ? directory : `${directory}/`, nameRaw, resolved)
  }
}
