/** Capture files: the only module in this folder that uses Node. */
import { closeSync, constants, fstatSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip, gzipSync } from 'node:zlib'
import type { SyscallEvent } from '../event.ts'
import type { CaptureCounts } from './capture-counts.ts'
import { CaptureError } from './capture-error.ts'
import { CaptureReader } from './reader.ts'
import type { CaptureVisitor, MachineInfo } from './visitor.ts'
import { CaptureWriter } from './writer.ts'

const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants

/** Bytes read at a time: few turns of the event loop, and in memory once. */
const CHUNK = 1 << 20
/**
 * Of the reads of a file, all but each eighth are made at once: to hand them to another thread takes longer than they do. Between
 * two of the others, whatever else the process has to do is done.
 */
const AT_ONCE = 8
/** The same of a compressed file, and what is decompressed at a time: several of these are in memory at once, and their garbage. */
const COMPRESSED = 1 << 17
const DECOMPRESSED = 1 << 18

/**
 * Opens a capture, plain or gzip, and reads its tables into the visitor.
 * @throws {CaptureError} if the file is not a capture or breaks off before its first event
 * @throws {Error} from the file system, if the file cannot be read
 */
export async function openCapture(path: string, visitor: CaptureVisitor = {}): Promise<CaptureFile> {
  const file = new CaptureFile(path, visitor)
  try {
    while (!file.reader.readTables() && (await file.fill()));
  } catch (error) {
    file.close()
    throw error
  }
  return file
}

/**
 * A capture being read. Events are read synchronously while there are bytes; more bytes are read asynchronously, in large chunks:
 *
 *   do { while (capture.next()) use(capture.event) } while (await capture.fill())
 */
export class CaptureFile {
  readonly reader: CaptureReader
  readonly path: string
  /** Size of the file in bytes; 0 = unknown (a pipe). */
  readonly size: number
  /** Bytes of the file read so far, for showing progress. */
  position = 0
  readonly #chunks: AsyncIterator<number>
  #ended = false

  constructor(path: string, visitor: CaptureVisitor) {
    this.path = path
    this.size = statSync(path).size
    this.reader = new CaptureReader(visitor)
    this.#chunks = this.#read()
  }

  get event(): SyscallEvent {
    return this.reader.event
  }

  get machine(): MachineInfo | null {
    return this.reader.machine
  }

  get counts(): CaptureCounts {
    return this.reader.counts
  }

  /** Advances to the next event, see CaptureReader.next. @throws {CaptureError} once, where the capture breaks off */
  next(): boolean {
    try {
      return this.reader.next()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Waits for more bytes. Returns false if the file has ended. @throws {CaptureError} `compression` if the gzip stream is broken */
  async fill(): Promise<boolean> {
    if (this.#ended) return false
    const { done } = await this.#chunks.next()
    if (done) {
      this.#ended = true
      this.reader.end()
    }
    return true
  }

  /** Stops early. A capture that has ended or broken off is already closed. */
  close(): void {
    this.#ended = true
    // The file is closed when the generator ends; there is no need to wait for it.
    void this.#chunks.return?.()
  }

  /** Fills the reader chunk by chunk; yields the bytes added. */
  async *#read(): AsyncGenerator<number> {
    const file = await open(this.path)
    try {
      const space = this.reader.space(COMPRESSED)
      const bytesRead = await read(file, space)
      this.position = bytesRead
      if (space[0] === 0x1f && space[1] === 0x8b) yield* this.#decompress(space.slice(0, bytesRead), file)
      else yield* this.#copy(bytesRead, file)
    } finally {
      await file.close()
    }
  }

  /** @param first number of bytes read already, into the reader's space */
  async *#copy(first: number, file: FileHandle): AsyncGenerator<number> {
    // A pipe may have nothing to read for long.
    const atOnce = fstatSync(file.fd).isFile() ? AT_ONCE : 1
    for (let count = first, reads = 1; count > 0; reads++) {
      this.reader.filled(count)
      yield count
      const space = this.reader.space(CHUNK)
      count = reads % atOnce === 0 ? await read(file, space) : readSync(file.fd, space, 0, space.length, null)
      this.position += count
    }
  }

  async *#decompress(start: Uint8Array, file: FileHandle): AsyncGenerator<number> {
    const gunzip = createGunzip({ chunkSize: DECOMPRESSED })
    // A file error destroys gunzip and so surfaces in the loop below; a reader that stops early does not need it.
    pipeline(this.#compressed(start, file), gunzip).catch(() => {})
    try {
      for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
        this.reader.push(chunk)
        yield chunk.length
      }
    } catch (error) {
      throw new CaptureError('compression', `broken gzip stream: ${(error as Error).message}`, this.reader.offset)
    }
    const rest = this.position - gunzip.bytesWritten
    if (rest > 0)
      throw new CaptureError('compression', `${rest} bytes behind the end of the gzip stream`, this.reader.offset)
  }

  async *#compressed(start: Uint8Array, file: FileHandle): AsyncGenerator<Uint8Array> {
    yield start
    for (;;) {
      const chunk = new Uint8Array(COMPRESSED)
      const bytesRead = await read(file, chunk)
      if (bytesRead === 0) return
      this.position += bytesRead
      yield chunk.subarray(0, bytesRead)
    }
  }
}

/** Optional arguments are given, because yarn's Plug'n'Play replaces `read` by its own, which reads nothing without them. */
async function read(file: FileHandle, into: Uint8Array): Promise<number> {
  return (await file.read(into, 0, into.length, null)).bytesRead
}

/** A capture file being written. With `gzip`, each piece is a separate gzip member, so everything written stays readable. */
export class CaptureFileWriter {
  readonly writer: CaptureWriter
  /** Bytes in the file so far. */
  size = 0
  readonly #path: string
  readonly #fd: number

  /** @throws {Error} from the file system, if the file cannot be created, or is a pipe without a reader */
  constructor(path: string, options: { gzip?: boolean; mode?: number } = {}) {
    this.#path = path
    this.#fd = openToWrite(path, options.mode ?? 0o600)
    this.writer = new CaptureWriter(bytes => this.#put(options.gzip ? gzipSync(bytes) : bytes))
  }

  close(): void {
    try {
      this.writer.flush()
    } finally {
      this.abandon()
    }
  }

  /** Closes the file without what has not been written. If that is all, it is removed. */
  abandon(): void {
    const stats = fstatSync(this.#fd)
    closeSync(this.#fd)
    if (stats.isFile() && stats.size === 0) rmSync(this.#path, { force: true })
  }

  #put(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at)
    this.size += bytes.length
  }
}

/** Opening a pipe would wait for its reader. */
function openToWrite(path: string, mode: number): number {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, mode)
  if (!fstatSync(fd).isFIFO()) return fd
  try {
    return openSync(path, 'w')
  } finally {
    closeSync(fd)
  }
}
