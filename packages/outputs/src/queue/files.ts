import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { OutputError, outputError } from '../model/output.ts'

/** The system calls of queues on disk; tests replace them. */
export type Files = Pick<typeof fs, 'open' | 'unlink' | 'readdir' | 'rename'>

export const FILES: Files = fs

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants

/** How files of a queue are opened: never through a link, and without waiting for the other end of a pipe. */
export const OPEN = {
  read: O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
  create: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
  change: O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
}

/** Only the owner can read alerts. */
export const MODE = 0o600

/**
 * Makes an output's folder, if there is none. No other user may write there.
 * @returns st_dev
 * @throws {OutputError}
 */
export async function makeFolder(path: string): Promise<number> {
  try {
    await fs.mkdir(path, { recursive: true, mode: 0o700 })
    const stats = await fs.lstat(path)
    const user = process.geteuid?.()
    if (!stats.isDirectory()) throw new OutputError('ENOTDIR', `${path} is not a folder`, 'misconfigured')
    if (user !== undefined && stats.uid !== user && stats.uid !== 0)
      throw new OutputError('EPERM', `${path} belongs to another user`, 'misconfigured')
    if (stats.mode & 0o022) throw new OutputError('EPERM', `others can write to ${path}`, 'misconfigured')
    return stats.dev
  } catch (error) {
    throw outputError(error, 'queue on disk', 'misconfigured')
  }
}

/** Makes names of files in a folder survive the machine. */
export async function syncFolder(folder: string, files: Files): Promise<void> {
  const handle = await files.open(folder, O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** @returns whether there was such a file */
export async function removeFile(folder: string, name: string, files: Files): Promise<boolean> {
  try {
    await files.unlink(join(folder, name))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return false
  }
}
