import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { type Message, type Output, OutputError, outputError } from './output.ts'
import { lines, writeFd, writeStream } from './write.ts'

/**
 * Lines on standard output. A pipe is written without blocking the process (process.stdout would), so that a reader
 * that stops reading stops neither signals nor other outputs; a gone reader breaks the output.
 */
export class StdoutOutput implements Output {
  readonly name = 'stdout'
  readonly maxBatch = 512
  readonly retries = 0
  readonly #fd: number
  #pipe: Socket | null = null

  constructor(fd = 1) {
    this.#fd = fd
  }

  async open(): Promise<void> {
    try {
      const kind = fstatSync(this.#fd)
      if (!kind.isFIFO() && !kind.isSocket()) return
      this.#pipe = new Socket({ fd: this.#fd, readable: false, writable: true })
      this.#pipe.unref()
      // A failing write reports to its own caller; without a listener the event would end the process.
      this.#pipe.on('error', () => {})
    } catch (error) {
      throw outputError(error, 'stdout', 0)
    }
  }

  async send(messages: readonly Message[]): Promise<void> {
    const text = lines(messages)
    try {
      if (this.#pipe) await writeStream(this.#pipe, text)
      else await writeFd(this.#fd, text)
    } catch (thrown) {
      const error = outputError(thrown, 'stdout', messages.length)
      const gone = error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' || error.code === 'ECONNRESET'
      throw gone ? new OutputError('EPIPE', 'stdout: the reader has gone', messages.length, 0, true) : error
    }
  }

  async reopen(): Promise<void> {}

  async close(force = false): Promise<void> {
    // Standard output itself stays open: it belongs to the process. Without force all writes are through by now.
    if (force) this.#pipe?.destroy()
  }
}
