import { CaptureReader } from './reader.ts'
import type { CaptureVisitor } from './visitor.ts'

/** A capture whose bytes come from anywhere, decompressed: in a browser, from a file that a user chose. */
export class CapturePieces {
  readonly reader: CaptureReader
  /** 0: the total size is known only to the provider of the pieces. */
  readonly size = 0
  /** Bytes taken so far. */
  position = 0
  readonly #pieces: AsyncIterator<Uint8Array>
  #ended = false

  constructor(pieces: AsyncIterable<Uint8Array>, visitor: CaptureVisitor) {
    this.reader = new CaptureReader(visitor)
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** See CaptureReader.next. @throws {CaptureError} once, where the capture breaks off */
  next(): boolean {
    return this.reader.next()
  }

  /** Returns false if there are no more pieces. */
  async fill(): Promise<boolean> {
    if (this.#ended) return false
    const { value, done } = await this.#pieces.next()
    if (done) {
      this.#ended = true
      this.reader.end()
    } else {
      this.position += value.length
      this.reader.push(value)
    }
    return true
  }

  close(): void {
    this.#ended = true
    void this.#pieces.return?.()
  }
}
