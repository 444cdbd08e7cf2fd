import type { FileHandle } from 'node:fs/promises'
import type { AuditLogDecoder } from '../log/decoder.ts'
import { LogPieces } from '../log/pieces.ts'
import type { Piece } from '../piece.ts'
import { bytesAt, firstOf, HEAD } from './log-state.ts'

/** A file that is being read. */
export class Reading {
  readonly file: FileHandle
  readonly #pieces: LogPieces
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
  /** The bytes before `offset`, as they were. */
  #last: Buffer = Buffer.alloc(0)
  /** The last change of which is known that it left them as they were. */
  #changed = -1n

  /** @param first of the bytes before `offset`, the first ones */
  constructor(
    file: FileHandle,
    offset: number,
    first: Buffer,
    { decoder, divided, ended }: { decoder: AuditLogDecoder; divided: boolean; ended: boolean },
  ) {
    this.#first = first
    this.file = file
    this.ended = ended
    this.offset = offset
    this.settled = offset
    this.#pieces = new LogPieces(decoder, divided, position => {
      this.settled = position
    })
  }

  /** What the next bytes add. */
  piecesOf(bytes: Uint8Array): Iterable<Piece> {
    this.#arrived(bytes)
    return this.#pieces.add(bytes, this.offset)
  }

  /** The last piece. */
  end(): Piece {
    return this.#pieces.end(this.offset)
  }

  /** Resolves when all pieces so far are settled. */
  allSettled(): Promise<void> {
    return this.#pieces.allSettled()
  }

  #arrived(bytes: Uint8Array): void {
    if (this.offset === this.#first.length && this.offset < HEAD)
      this.#first = Buffer.concat([this.#first, bytes.subarray(0, HEAD - this.offset)])
    this.offset += bytes.length
    this.#last = Buffer.concat([this.#last, bytes.subarray(-HEAD)]).subarray(-HEAD)
  }

  /**
   * Whether the file has become shorter, or has other bytes at its beginning or before the place that was reached: it was truncated, and
   * perhaps rewritten beyond that place.
   */
  async replaced(): Promise<boolean> {
    const { size, mtimeNs } = await this.file.stat({ bigint: true })
    if (mtimeNs === this.#changed) return false
    this.#changed = mtimeNs
    if (size < BigInt(this.offset) || !this.#first.equals(await firstOf(this.file, this.#first.length))) return true
    const { length } = this.#last
    return !this.#last.equals(await bytesAt(this.file, this.offset - length, length))
  }

  /** Begins again at the start. */
  rewind(): void {
    this.offset = 0
    this.#first = Buffer.alloc(0)
    this.#last = Buffer.alloc(0)
    this.settled = 0
    // What it says is of other bytes, even once as many have been read.
    this.saved = -1
  }
}
