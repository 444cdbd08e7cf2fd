/** Reads the files that flags and configuration name. A path that is not a file, or never ends, is an error and never blocks. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'

/** Bytes of rules, configuration, certificates. The largest public rules file has 0.2 MB. */
const MAX_BYTES = 64 * 1024 * 1024
/** Milliseconds in which a pipe must give more, or end. */
const TIMEOUT_MS = 10_000
const CHUNK = 64 * 1024

const { O_RDONLY, O_NONBLOCK, O_NOCTTY, S_IFMT, S_IFIFO } = constants

/**
 * The whole content. Pipes (`/dev/fd/63`) are read to their end.
 * @param path a path, or 0 for standard input
 * @throws {Error} with the reason, without the path
 */
export function readFile(path: string | 0, maxBytes = MAX_BYTES): Buffer {
  const fd = path === 0 ? 0 : opened(path)
  try {
    const chunks = [...chunksOf(fd, maxBytes)]
    if (chunks.length === 0 && path !== 0 && (fstatSync(fd).mode & S_IFMT) === S_IFIFO)
      throw new Error('it is a pipe that nothing has been written to')
    return Buffer.concat(chunks)
  } catch (error) {
    throw reason(error)
  } finally {
    if (fd !== 0) closeSync(fd)
  }
}

/** A pipe without a writer, or a device, does not hold up the opening. */
function opened(path: string): number {
  try {
    return openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  } catch (error) {
    throw reason(error)
  }
}

function* chunksOf(fd: number, maxBytes: number): Generator<Buffer, void> {
  let size = 0
  let since = performance.now()
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK)
    const read = readSome(fd, chunk)
    if (read === 0) return
    if (read === undefined) {
      if (performance.now() - since > TIMEOUT_MS) throw new Error(`nothing came from it for ${TIMEOUT_MS / 1000} s`)
      Atomics.wait(PAUSE, 0, 0, 5)
      continue
    }
    since = performance.now()
    size += read
    if (size > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`)
    yield chunk.subarray(0, read)
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4))

/** undefined: there is nothing now. */
function readSome(fd: number, chunk: Buffer): number | undefined {
  try {
    return readSync(fd, chunk)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw error
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
  const { code = '', message } = error as NodeJS.ErrnoException
  return new Error(REASONS[code] ?? message)
}

/** undefined: there is nothing of this name. Of what cannot be looked at, reading it tells the reason. */
export function kindOf(path: string): 'folder' | 'pipe' | 'file' | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return undefined
    return stats.isDirectory() ? 'folder' : stats.isFIFO() ? 'pipe' : 'file'
  } catch {
    return 'file'
  }
}
