import { type FileHandle, open } from 'node:fs/promises'
import { type Message, type Output, outputError } from './output.ts'
import { lines, writeFd } from './write.ts'

export interface FileOptions {
  readonly filename: string
  /** Keep the file open between messages; otherwise it is opened and closed for each batch. */
  readonly keepAlive?: boolean
}

/** Lines at the end of a file. */
export class FileOutput implements Output {
  readonly name = 'file'
  readonly maxBatch = 512
  readonly retries = 0
  readonly #filename: string
  readonly #keepAlive: boolean
  #handle: FileHandle | null = null

  constructor({ filename, keepAlive = false }: FileOptions) {
    this.#filename = filename
    this.#keepAlive = keepAlive
  }

  async open(): Promise<void> {
    try {
      const handle = await open(this.#filename, 'a')
      if (this.#keepAlive) this.#handle = handle
      else await handle.close()
    } catch (error) {
      throw outputError(error, 'file output', 0)
    }
  }

  async send(messages: readonly Message[]): Promise<void> {
    try {
      const handle = (this.#handle ??= await open(this.#filename, 'a'))
      try {
        await writeFd(handle.fd, lines(messages))
      } finally {
        if (!this.#keepAlive) await this.#release()
      }
    } catch (error) {
      throw outputError(error, 'file output', messages.length)
    }
  }

  async reopen(): Promise<void> {
    await this.#release()
    await this.open()
  }

  async close(): Promise<void> {
    await this.#release()
  }

  async #release(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await handle?.close()
  }
}
