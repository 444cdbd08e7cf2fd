import { fstat, ftruncate, write } from 'node:fs'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ByteSink } from '@falc/engine'
import { type Answer, failureOf } from '../model/answer.ts'
import type { BatchLimits, Item } from '../model/transport.ts'

/** The system calls for writing to a descriptor; tests replace them. */
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
    for (let done = 0; done < items.length; ) {
      const start = this.#torn ? '\n' : ''
      const { data, end } = this.#lines.fill(items, done, start)
      const { delivered, failure } = await this.#write(fd, data, start.length)
      if (failure) return { delivered: done + delivered, failure }
      done = end
    }
    return { delivered: items.length }
  }

  /** @param from where the first line begins @returns how many lines were written before a failure */
  async #write(fd: number, data: Uint8Array, from: number): Promise<Answer> {
    let offset = 0
    try {
      while (offset < data.length) {
        const count = await this.#some(fd, data, offset)
        if (count === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' })
        offset += count
        this.#torn = false
      }
      return { delivered: 0 }
    } catch (error) {
      const whole = offset === 0 ? 0 : data.lastIndexOf(0x0a, offset - 1) + 1
      if (offset > whole) await this.#removeTail(fd, offset - whole)
      return { delivered: countLines(data, from, whole), failure: failureOf(error, this.#output) }
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

/** Alerts that are written as lines. How long they are is known when they are written. */
export const LINES: BatchLimits = { items: 4096 }

/** Bytes of one write, roughly. */
const WRITE = 1024 * 1024

/** Bodies as lines, in memory that is used again: the last lines must have been written. */
export class LineBuffer {
  readonly #sink = new ByteSink(64 * 1024)

  /**
   * Lines for one write.
   * @param from the first item @param start before the first line
   * @returns the lines, and the first item that is not among them
   */
  fill(items: readonly Item[], from = 0, start = ''): { readonly data: Uint8Array; readonly end: number } {
    const sink = this.#sink
    sink.clear()
    sink.text(start)
    let end = from
    while (end < items.length && sink.length < WRITE) {
      const item = items[end++]!
      if (item.write) item.write(sink)
      else sink.text(item.body)
      sink.byte(0x0a)
    }
    return { data: sink.written, end }
  }
}
