import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants

/**
 * Opens a file to read it. Opening a pipe would occupy one of Node's few threads until something is written to it.
 * @throws the file system's error; NotAFileError for a pipe, a socket, a device or a folder
 */
export async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  const stats = await file.stat()
  if (stats.isFile()) return file
  await file.close()
  const what = stats.isDirectory() ? 'a folder' : stats.isFIFO() ? 'a pipe' : 'a device'
  throw new NotAFileError(`${path} is ${what}, not a file`)
}

export class NotAFileError extends Error {
  override readonly name = 'NotAFileError'
  readonly code = 'ENOTFILE'
}

/** Opens a file that must not exist yet, for its owner only. */
export function openNew(path: string): Promise<FileHandle> {
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
}
