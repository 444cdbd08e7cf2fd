/** Captures in files: the only part of this room that uses Node. */
import { closeSync, createReadStream, openSync, statSync, writeSync } from 'node:fs'
import { createGunzip, gzipSync } from 'node:zlib'
import type { SyscallEvent } from '../event.ts'
import { CaptureError } from './error.ts'
import { type CaptureCounts, CaptureReader } from './reader.ts'
import type { CaptureVisitor, MachineInfo } from './visitor.ts'
import { CaptureWriter } from './writer.ts'

const CHUNK = 256 << 10

/**
 * Opens a capture, plain or gzip, and reads its tables into the visitor.
 * @throws {CaptureError} when it is no capture, or breaks off before its first event
 * @throws {Error} of the file system when it cannot be read
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
 * A capture being read. Events are taken without waiting while there are bytes, and bytes are awaited in large pieces:
 *
 *   do { while (capture.next()) use(capture.event) } while (await capture.fill())
 */
export class CaptureFile {
  readonly reader: CaptureReader
  readonly path: string
  /** Bytes of the file; 0 = not known (a pipe). */
  readonly size: number
  /** Bytes of the file read so far, for showing progress. */
  position = 0
  private readonly chunks: AsyncIterator<Uint8Array>
  private ended = false

  constructor(path: string, visitor: CaptureVisitor) {
    this.path = path
    this.size = statSync(path).size
    this.reader = new CaptureReader(visitor)
    this.chunks = this.decompress(createReadStream(path, { highWaterMark: CHUNK }))
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

  /** Goes to the next event, see CaptureReader.next. @throws {CaptureError} once, where the capture breaks off */
  next(): boolean {
    return this.reader.next()
  }

  /** Waits for more bytes. False = the file is through. @throws {CaptureError} `compression` when the gzip stream is broken */
  async fill(): Promise<boolean> {
    if (this.ended) return false
    const { done, value } = await this.chunks.next()
    if (done) {
      this.ended = true
      this.reader.end()
    } else {
      this.reader.push(value)
    }
    return true
  }

  close(): void {
    this.ended = true
    // The file is closed when the generator runs into its end; nobody has to wait for it.
    void this.chunks.return?.()
  }

  private async *decompress(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const counted = this.count(file)
    const first = await counted.next()
    if (first.done) return
    const all = prepend(first.value, counted)
    if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
      yield* all
      return
    }
    const gunzip = createGunzip({ chunkSize: CHUNK })
    const feeding = feed(all, gunzip)
    try {
      yield* gunzip as AsyncIterable<Uint8Array>
    } catch (error) {
      throw new CaptureError('compression', `broken gzip stream: ${(error as Error).message}`, this.reader.offset)
    } finally {
      gunzip.destroy()
    }
    await feeding
    if (gunzip.bytesWritten < this.position) {
      const rest = this.position - gunzip.bytesWritten
      throw new CaptureError('compression', `${rest} bytes behind the end of the gzip stream`, this.reader.offset)
    }
  }

  private async *count(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of file) {
      this.position += chunk.length
      yield chunk
    }
  }
}

async function* prepend(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}

/** Writes all chunks to a stream at its pace. An error of either end is seen by whoever reads the stream. */
async function feed(chunks: AsyncIterable<Uint8Array>, stream: ReturnType<typeof createGunzip>): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (stream.destroyed) return
      if (!stream.write(chunk)) await new Promise<void>(resolve => stream.once('drain', resolve).once('close', resolve))
    }
    stream.end()
  } catch (error) {
    stream.destroy(error as Error)
  }
}

/** A capture file being written. With `gzip`, each piece is a gzip member of its own, so what is written stays readable. */
export class CaptureFileWriter {
  readonly writer: CaptureWriter
  /** Bytes in the file so far. */
  size = 0
  private readonly fd: number

  /** @throws {Error} of the file system when the file cannot be made */
  constructor(path: string, options: { gzip?: boolean; mode?: number } = {}) {
    this.fd = openSync(path, 'w', options.mode ?? 0o600)
    this.writer = new CaptureWriter(bytes => this.put(options.gzip ? gzipSync(bytes) : bytes))
  }

  close(): void {
    try {
      this.writer.flush()
    } finally {
      closeSync(this.fd)
    }
  }

  private put(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at)
    this.size += bytes.length
  }
}
