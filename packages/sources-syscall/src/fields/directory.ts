import { FdKind } from '../capture/visitor.ts'
import type { SyscallEvent } from '../event.ts'
import type { ParamInfo } from '../events/params.ts'
import type { Thread } from '../state/thread.ts'

export const AT_FDCWD = -100
/** What libsinsp puts in place of a directory that it does not know. */
export const UNKNOWN_DIRECTORY = '<UNKNOWN>'

/** The directory that a relative path parameter is below, ending with "/"; '' when its descriptor is not known. */
export function baseOf(event: SyscallEvent, info: ParamInfo): string {
  const thread = event.thread!
  if (info.type !== 'relpath' || info.dirfd < 0) return thread.cwd
  return directoryText(thread, event.int64Number(info.dirfd, AT_FDCWD), '')
}

/** The directory behind a descriptor, ending with "/"; `unknown` when there is none of that number. */
export function directoryText(thread: Thread, dirfd: number, unknown: string): string {
  if (dirfd === AT_FDCWD) return thread.cwd
  const fd = thread.fds.get(dirfd)
  return fd === null ? unknown : `${fd.name}/`
}

/** The descriptor is of a kind that has a directory in its name. */
export function isFileOrDirectory(type: number): boolean {
  return type === FdKind.file || type === FdKind.fileV2 || type === FdKind.directory
}

/** Path up to its last slash; "/" when that is the first character or there is none; a path that ends with a slash stays. */
export function directoryName(path: string): string {
  const slash = path.lastIndexOf('/')
  if (slash <= 0) return '/'
  return slash < path.length - 1 ? path.slice(0, slash) : path
}

/** Path after its last slash; the whole path when that is its end. */
export function fileName(path: string): string {
  const slash = path.lastIndexOf('/')
  if (slash < 0) return '/'
  return slash < path.length - 1 ? path.slice(slash + 1) : path
}
