import type { FileHandle } from 'node:fs/promises'
import type { AuditLogDecoder } from '../log/decoder.ts'
import { firstOf, HEAD } from './log-state.ts'

/** A file that is being read. */
export class Reading {
  readonly file: FileHandle
  readonly decoder: AuditLogDecoder
  /** Bytes read. */
  offset: number
  /** Bytes whose events have been evaluated: reading can continue here after a restart. */
  settled: number
  /** It is no longer written to. */
  readonly ended: boolean
  /** What the state says; -1: nothing. */
  saved = -1
  /** Compressed files that were counted as lost. */
  readonly skipped = new Set<string>()
  /** The first bytes, as they were when they were read. */
  #first: Buffer
  /** The last change of which is known that it left them as they were. */
  #changed = -1n

  /** @param first of the bytes before `offset`, the first ones */
  constructor(file: FileHandle, offset: number, first: Buffer, decoder: AuditLogDecoder, ended = false) {
    this.#first = first
    this.file = file
    this.ended = ended
    this.offset = offset
    this.settled = offset
    this.decoder = decoder
  }

  settle(): void {
    const { pending } = this.decoder
    if (pending !== undefined) this.settled = this.offset - pending
  }

  arrived(bytes: Uint8Array): void {
    if (this.offset === this.#first.length && this.offset < HEAD)
      this.#first = Buffer.concat([this.#first, bytes.subarray(0, HEAD - this.offset)])
    this.offset += bytes.length
  }

  /**
   * Whether the file has become shorter, or begins otherwise than it did: it was truncated, and perhaps written anew beyond the place
   * that was reached.
   */
  async replaced(): Promise<boolean> {
    const { size, mtimeNs } = await this.file.stat({ bigint: true })
    if (mtimeNs === this.#changed) return false
    this.#changed = mtimeNs
    return size < BigInt(this.offset) || !this.#first.equals(await firstOf(this.file, this.#first.length))
  }

  /** Begins again at the start. */
  rewind(): void {
    this.offset = 0
    this.#first = Buffer.alloc(0)
    this.settle()
  }
}
