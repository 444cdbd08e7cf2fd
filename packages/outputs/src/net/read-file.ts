/** Reads the files that flags and configuration name. A path that is not a file, or never ends, is an error and never blocks. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** Bytes of rules, configuration, certificates. The largest public rules file has 0.2 MB. */
const MAX_BYTES = 64 * 1024 * 1024
/** Milliseconds in which a pipe must give more, or end. */
const TIMEOUT_MS = 10_000
const CHUNK = 64 * 1024

const { O_RDONLY, O_NONBLOCK, O_NOCTTY, S_IFMT, S_IFIFO } = constants

/**
 * The whole content. Pipes (`/dev/fd/63`) are read to their end.
 * @param path a path, or 0 for standard input
 * @throws the file system's error @throws {UnreadableError}
 */
export function readFile(path: string | 0, maxBytes: number = MAX_BYTES): Buffer {
  // A pipe without a writer, or a device, does not hold up the opening.
  const fd = path === 0 ? 0 : openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  try {
    const chunks = [...chunksOf(path, fd, maxBytes)]
    if (chunks.length === 0 && path !== 0 && (fstatSync(fd).mode & S_IFMT) === S_IFIFO)
      throw new UnreadableError(path, 'it is a pipe that nothing has been written to')
    return Buffer.concat(chunks)
  } finally {
    if (fd !== 0) closeSync(fd)
  }
}

/** It is no file, or has no end. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
  /** Without the path. */
  readonly reason: string

  constructor(path: string | 0, reason: string) {
    super(`${path === 0 ? 'standard input' : path}: ${reason}`)
    this.reason = reason
  }
}

function* chunksOf(path: string | 0, fd: number, maxBytes: number): Generator<Buffer, void> {
  let size = 0
  let since = performance.now()
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK)
    const read = readSome(fd, chunk)
    if (read === 0) return
    if (read === undefined) {
      if (performance.now() - since > TIMEOUT_MS)
        throw new UnreadableError(path, `nothing came from it for ${TIMEOUT_MS / 1000} s`)
      Atomics.wait(PAUSE, 0, 0, 5)
      continue
    }
    since = performance.now()
    size += read
    if (size > maxBytes) throw new UnreadableError(path, `it has more than ${maxBytes} bytes`)
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
