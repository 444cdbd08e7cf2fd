import { statSync } from 'node:fs'
import { readFile as read, UnreadableError } from '@falc/outputs/read-file'

/**
 * The whole content of a file that flags or configuration name; pipes are read to their end.
 * @param path a path, or 0 for standard input
 * @throws {Error} with the reason, without the path: never a hang
 */
export function readFile(path: string | 0, maxBytes?: number): Buffer {
  try {
    return read(path, maxBytes)
  } catch (error) {
    throw reason(error)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  ENXIO: 'it is a socket or a device that is not there',
  ELOOP: 'its symbolic links form a loop',
  EACCES: 'permission denied',
  ENOENT: 'it does not exist',
}

function reason(error: unknown): Error {
  if (error instanceof UnreadableError) return new Error(error.reason)
  const { code = '', message } = error as NodeJS.ErrnoException
  return new Error(REASONS[code] ?? message)
}

/** undefined: the path does not exist. If it cannot be inspected, reading it gives the reason. */
export function kindOf(path: string): 'folder' | 'pipe' | 'file' | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return undefined
    return stats.isDirectory() ? 'folder' : stats.isFIFO() ? 'pipe' : 'file'
  } catch {
    return 'file'
  }
}
