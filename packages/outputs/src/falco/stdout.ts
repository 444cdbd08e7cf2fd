import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { type Answer, failureOf } from '../model/answer.ts'
import { type Output, outputError } from '../model/output.ts'
import type { Item } from '../model/transport.ts'
import { FILES, LINES, LineBuffer, LineWriter, writeStream } from './write.ts'

const NAME = 'stdout'

/** The codes of a write to a pipe whose reader has gone. */
const GONE: readonly string[] = ['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET']

/**
 * Lines on standard output. A pipe is written without blocking the process, as process.stdout would, so that a reader
 * that stops reading stops neither signals nor other outputs. A reader that has gone breaks the output.
 */
export class StdoutOutput implements Output {
  readonly name = 'stdout'
  readonly batch = LINES
  readonly #fd: number
  /** The file may be the log's, too: a torn line is closed by a newline, nothing is cut off. */
  readonly #writer = new LineWriter(NAME, { ...FILES, size: async () => undefined })
  readonly #lines = new LineBuffer()
  #pipe: Socket | null = null

  constructor(fd = 1) {
    this.#fd = fd
  }

  async open(): Promise<this> {
    try {
      const kind = fstatSync(this.#fd)
      if (!kind.isFIFO() && !kind.isSocket()) return this
      this.#pipe = new Socket({ fd: this.#fd, readable: false, writable: true })
      this.#pipe.unref()
      // A failing write reports to its own caller; without a listener the event would end the process.
      this.#pipe.on('error', () => {})
      return this
    } catch (error) {
      throw outputError(error, NAME)
    }
  }

  async send(items: readonly Item[]): Promise<Answer> {
    if (!this.#pipe) return this.#writer.write(this.#fd, items)
    let done = 0
    try {
      while (done < items.length) {
        const { data, end } = this.#lines.fill(items, done)
        await writeStream(this.#pipe, data)
        done = end
      }
      return { delivered: done }
    } catch (error) {
      const failure = failureOf(error, NAME)
      if (!GONE.includes(failure.cause)) return { delivered: done, failure }
      return { delivered: done, failure: { class: 'broken', cause: 'EPIPE', message: 'stdout: the reader has gone' } }
    }
  }

  async reopen(): Promise<void> {}

  async close(force = false): Promise<void> {
    // Standard output itself stays open: it belongs to the process. Without force all writes are through by now.
    if (force) this.#pipe?.destroy()
  }
}
