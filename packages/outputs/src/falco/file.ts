import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type Answer, failureOf } from '../model/answer.ts'
import { type Output, outputError } from '../model/output.ts'
import type { Item } from '../model/transport.ts'
import { type FilePort, LINES, LineWriter } from './write.ts'

export interface FileOptions {
  readonly filename: string
  /** Keep the file open between batches; otherwise it is opened and closed for each. */
  readonly keepAlive?: boolean
  /** The system calls for writing; tests replace them. */
  readonly files?: FilePort
}

const NAME = 'file output'

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants
/** Opening a named pipe does not wait for a reader, nor writing for it to read: either would keep a thread of Node's few. */
const APPEND = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK

/** Lines at the end of a file. */
export class FileOutput implements Output {
  readonly name = 'file'
  readonly batch = LINES
  readonly #filename: string
  readonly #keepAlive: boolean
  readonly #writer: LineWriter
  #handle: FileHandle | null = null

  constructor({ filename, keepAlive = false, files }: FileOptions) {
    this.#filename = filename
    this.#keepAlive = keepAlive
    this.#writer = new LineWriter(NAME, files)
  }

  async open(): Promise<this> {
    await this.#release()
    try {
      const handle = await open(this.#filename, APPEND)
      if (this.#keepAlive) this.#handle = handle
      else await handle.close()
      return this
    } catch (error) {
      // A pipe without a reader yet: alerts wait for one.
      if ((error as NodeJS.ErrnoException).code === 'ENXIO') return this
      throw outputError(error, NAME)
    }
  }

  async send(items: readonly Item[]): Promise<Answer> {
    try {
      const handle = (this.#handle ??= await open(this.#filename, APPEND))
      const answer = await this.#writer.write(handle.fd, items)
      // After a failure the file may have been replaced, so it is reopened.
      if (!this.#keepAlive || answer.failure) await this.#release()
      return answer
    } catch (error) {
      return { delivered: 0, failure: failureOf(error, NAME) }
    }
  }

  async reopen(): Promise<void> {
    await this.open()
  }

  async close(): Promise<void> {
    await this.#release()
  }

  async #release(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    // An error here (EDQUOT, EIO of network file systems) comes after the lines were taken.
    await handle?.close().catch(() => {})
  }
}
