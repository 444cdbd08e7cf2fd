import type { SyscallEvent } from '../event.ts'
import type { ParamInfo } from '../events/params.ts'
import type { Thread } from '../model/thread.ts'
import { AT_FDCWD, directoryOf } from '../state/directories.ts'

/** The base directory of a relative path parameter, ending with "/"; '' when its descriptor is not known. */
export function baseOf(event: SyscallEvent, thread: Thread, info: ParamInfo): string {
  if (info.type !== 'relpath' || info.dirfd < 0) return thread.cwd
  const dirfd = event.int64Number(info.dirfd, AT_FDCWD)
  return dirfd !== AT_FDCWD && thread.fds.get(dirfd) === null ? '' : directoryOf(thread, '', dirfd)
}

/**
 * The path up to its last slash; "/" if that is the first character or there is none. A path that ends with a slash is
 * returned unchanged.
 */
export function directoryName(path: string): string {
  const slash = path.lastIndexOf('/')
  if (slash <= 0) return '/'
  return slash < path.length - 1 ? path.slice(0, slash) : path
}

/** The path after its last slash; the whole path if it ends with one; "/" if there is none. */
export function fileName(path: string): string {
  const slash = path.lastIndexOf('/')
  if (slash < 0) return '/'
  return slash < path.length - 1 ? path.slice(slash + 1) : path
}

/** Collapses double slashes. */
export function singleSlashes(path: string): string {
  return path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
}
