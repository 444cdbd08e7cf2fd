import { fstat, ftruncate, write } from 'node:fs'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Answer, failureOf } from '../model/answer.ts'
import type { BatchLimits, Item } from '../model/transport.ts'

/** The calls that writing to a descriptor needs; tests put a disk of their own in place of the system's. */
export interface FilePort {
  write(fd: number, data: Uint8Array, offset: number): Promise<number>
  /** Size of a regular file; undefined for anything else. */
  size(fd: number): Promise<number | undefined>
  truncate(fd: number, size: number): Promise<void>
}

const writeAsync = promisify(write) as unknown as (
  ...args: [fd: number, data: Uint8Array, offset: number]
) => Promise<{ bytesWritten: number }>
const fstatAsync = promisify(fstat)

export const FILES: FilePort = {
  write: async (fd, data, offset) => (await writeAsync(fd, data, offset)).bytesWritten,
  size: async fd => {
    const stats = await fstatAsync(fd)
    return stats.isFile() ? stats.size : undefined
  },
  truncate: promisify(ftruncate),
}

/** Milliseconds until a descriptor that another process made non-blocking is tried again. */
const RETRY_AFTER = 5

/** Writes whole lines to a file, a terminal or a device. */
export class LineWriter {
  readonly #output: string
  readonly #files: FilePort
  readonly #lines = new LineBuffer()
  /** The last line written is not complete and could not be removed. */
  #torn = false

  /** @param output its name in log items */
  constructor(output: string, files: FilePort = FILES) {
    this.#output = output
    this.#files = files
  }

  /** Appends one line per item. A line that does not fit, on a full disk, is removed again and not delivered. */
  async write(fd: number, items: readonly Item[]): Promise<Answer> {
    const start = this.#torn ? '\n' : ''
    const data = this.#lines.fill(items, start)
    let offset = 0
    try {
      while (offset < data.length) {
        const count = await this.#some(fd, data, offset)
        if (count === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' })
        offset += count
        this.#torn = false
      }
      return { delivered: items.length }
    } catch (error) {
      const whole = offset === 0 ? 0 : data.lastIndexOf(0x0a, offset - 1) + 1
      if (offset > whole) await this.#removeTail(fd, offset - whole)
      return { delivered: countLines(data, start.length, whole), failure: failureOf(error, this.#output) }
    }
  }

  async #some(fd: number, data: Uint8Array, offset: number): Promise<number> {
    for (;;) {
      try {
        return await this.#files.write(fd, data, offset)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        await sleep(RETRY_AFTER)
      }
    }
  }

  /** Takes back the beginning of a line, the last `count` bytes of the file. */
  async #removeTail(fd: number, count: number): Promise<void> {
    try {
      const size = await this.#files.size(fd)
      if (size === undefined || size < count) this.#torn = true
      else await this.#files.truncate(fd, size - count)
    } catch {
      this.#torn = true
    }
  }
}

function countLines(data: Uint8Array, from: number, to: number): number {
  let count = 0
  for (let at = data.indexOf(0x0a, from); at >= 0 && at < to; at = data.indexOf(0x0a, at + 1)) count++
  return count
}

/** Resolves when the operating system has taken `data`. @throws the stream's error (EPIPE when the reader has gone) */
export function writeStream(stream: Writable, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, error => (error ? reject(error) : resolve()))
  })
}

/** Lines that one write takes. */
export const LINES: BatchLimits = { items: 4096, bytes: 1024 * 1024 }

/** The largest buffer that is kept for the next lines. */
const KEPT = 4 * 1024 * 1024

/** Bodies as lines, in memory that is used again: the last lines must have been written. */
export class LineBuffer {
  #buffer = Buffer.allocUnsafe(64 * 1024)

  /** @param start before the first line */
  fill(items: readonly Item[], start = ''): Uint8Array {
    if (this.#buffer.length > KEPT) this.#buffer = Buffer.allocUnsafe(KEPT)
    let end = this.#buffer.write(start)
    for (const { body } of items) {
      this.#reserve(end, 3 * body.length + 1)
      // Line by line: one long text of all of them would be put together first.
      end += this.#buffer.write(body, end)
      this.#buffer[end++] = 0x0a
    }
    return this.#buffer.subarray(0, end)
  }

  #reserve(used: number, more: number): void {
    if (used + more <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(2 * (used + more))
    this.#buffer.copy(larger, 0, 0, used)
    this.#buffer = larger
  }
}
