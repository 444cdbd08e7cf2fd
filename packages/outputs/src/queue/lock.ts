import { once } from 'node:events'
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { OutputError } from '../model/output.ts'

const NAME = 'lock'

/** Bytes that the path of a socket may have (sun_path). */
const MAX_PATH = 100

/** Two processes that start after the same crash get in each other's way once. */
const ATTEMPTS = 5

/**
 * The right to use a folder: a socket in it on which the process that has the right listens. It ends with the process, however that ends.
 * Unlike a pid, it also distinguishes processes of different containers.
 */
export class FolderLock {
  readonly #server: Server
  readonly #folder: FileHandle | undefined

  private constructor(server: Server, folder: FileHandle | undefined) {
    this.#server = server
    this.#folder = folder
  }

  /** @throws {OutputError} when another process uses the folder */
  static async take(path: string): Promise<FolderLock> {
    const long = Buffer.byteLength(join(path, NAME)) > MAX_PATH
    const folder = long ? await open(path, 'r') : undefined
    const file = join(folder ? `/proc/self/fd/${folder.fd}` : path, NAME)
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const server = await listen(file)
        if (server) return new FolderLock(server, folder)
        if (await isUsed(file)) break
      }
    } catch (error) {
      await folder?.close()
      throw error
    }
    await folder?.close()
    throw new OutputError('EBUSY', `${path} is used by another process`, 'misconfigured')
  }

  async release(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
    await this.#folder?.close()
  }
}

/** @returns undefined when there is such a socket */
async function listen(file: string): Promise<Server | undefined> {
  const server = createServer(socket => socket.destroy())
  server.unref()
  server.listen(file)
  try {
    await once(server, 'listening')
    // Without descriptors, a connection is lost; the lock is not.
    server.on('error', () => {})
    return server
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return undefined
  }
}

/** Whether a process listens on the socket. A socket without a listener is removed, unless another process was faster. */
async function isUsed(file: string): Promise<boolean> {
  const inode = await inodeOf(file)
  if (await answers(file)) return true
  const aside = `${file}.${process.pid}`
  try {
    await rename(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
  if ((await inodeOf(aside)) === inode) {
    await unlink(aside)
    return false
  }
  // It is the socket of a process that was faster.
  await rename(aside, file)
  return true
}

async function answers(file: string): Promise<boolean> {
  const socket = connect(file)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function inodeOf(file: string): Promise<number | undefined> {
  try {
    return (await lstat(file)).ino
  } catch {
    return undefined
  }
}
