import { Arrived } from '../json/arrived.ts'

/** Cuts the bytes of a log at line ends. */
export class WholeLines {
  readonly #rest = new Arrived()

  /** Bytes after the last line end. */
  get size(): number {
    return this.#rest.size
  }

  /**
   * Takes the next bytes.
   * @param room gives memory of that many bytes, or more
   * @returns a copy of all lines that are complete; undefined: there is none
   */
  add(chunk: Uint8Array, room: (size: number) => Uint8Array): Uint8Array | undefined {
    const end = chunk.lastIndexOf(0x0a) + 1
    let lines: Uint8Array | undefined
    if (end > 0) {
      const rest = this.#rest.take()
      lines = room(rest.length + end).subarray(0, rest.length + end)
      lines.set(rest)
      lines.set(chunk.subarray(0, end), rest.length)
    }
    if (end < chunk.length) this.#rest.add(chunk.slice(end))
    return lines
  }

  /** The bytes after the last line end; none are left. */
  take(): Uint8Array {
    return this.#rest.take()
  }
}
