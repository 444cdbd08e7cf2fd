import { Rest } from './rest.ts'

/** Cuts the bytes of a log at line ends. */
export class WholeLines {
  readonly #rest = new Rest()

  /** Bytes after the last line end. */
  get size(): number {
    return this.#rest.size
  }

  /** Takes the next bytes. @returns a copy of all lines that are complete; undefined: there is none */
  add(chunk: Uint8Array): Uint8Array | undefined {
    const end = chunk.lastIndexOf(0x0a) + 1
    if (end > 0) this.#rest.add(chunk.subarray(0, end))
    // A single part would not be copied.
    const lines = end > 0 ? this.#rest.take() : undefined
    if (end < chunk.length) this.#rest.add(chunk.slice(end))
    return lines?.buffer === chunk.buffer ? lines.slice() : lines
  }

  /** The bytes after the last line end; none are left. */
  take(): Uint8Array {
    return this.#rest.take()
  }
}
