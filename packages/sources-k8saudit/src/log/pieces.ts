import type { AuditEvent } from '../event.ts'
import type { Part, Piece } from '../piece.ts'
import type { AuditLogDecoder } from './decoder.ts'
import { WholeLines } from './whole-lines.ts'

/** The part of a line that belongs to no other line. */
const LONG_LINE = 1 << 20

/** The next piece is not much larger. */
const SPARE = 16 * 1024

/** Makes pieces of the bytes of a log. */
export class LogPieces {
  readonly #decoder: AuditLogDecoder
  /** Cuts parts that others can evaluate. */
  readonly #lines: WholeLines | undefined
  readonly #settled: (position: number) => void
  /** Memory of pieces that are settled: to get and to free it for each would cost more than to evaluate many. */
  readonly #free: Uint8Array[] = []
  /** Pieces that were given out and not settled. */
  #open = 0
  #change = Promise.withResolvers<void>()

  /** @param settled called with the position up to which everything is evaluated */
  constructor(decoder: AuditLogDecoder, divided = false, settled: (position: number) => void = () => {}) {
    this.#decoder = decoder
    this.#lines = divided ? new WholeLines() : undefined
    this.#settled = settled
  }

  /** What the next bytes add. They are not kept. @param end their end in the log */
  *add(bytes: Uint8Array, end = 0): Generator<Piece, void> {
    const decoder = this.#decoder
    const lines = this.#lines
    if (!lines) {
      yield this.#piece(end, () => decoder.read(bytes))
      return
    }
    const whole = lines.add(bytes, size => this.#room(size))
    if (whole) yield this.#piece(end - lines.size, () => decoder.read(whole), { form: 'lines', bytes: whole })
    if (lines.size <= LONG_LINE) return
    const long = lines.take()
    yield this.#piece(end, () => decoder.read(long))
  }

  /** The last piece. @param end of the log */
  end(end = 0): Piece {
    const decoder = this.#decoder
    const rest = this.#lines?.take()
    return this.#piece(end, function* () {
      if (rest) yield* decoder.read(rest)
      yield* decoder.readEnd()
    })
  }

  /** Resolves when all pieces so far are settled. */
  async allSettled(): Promise<void> {
    while (this.#open > 0) await this.#change.promise
  }

  #room(size: number): Uint8Array {
    const free = this.#free.pop()
    return free && free.length >= size ? free : new Uint8Array(size + SPARE)
  }

  #piece(end: number, read: () => Iterable<AuditEvent[]>, part?: Part): Piece {
    const decoder = this.#decoder
    this.#open++
    return {
      read,
      ...(part && { part }),
      join({ lines, stats, problems }) {
        if (!decoder.atStart) return false
        decoder.join(lines, stats, problems)
        return true
      },
      settle: evaluated => {
        if (part) this.#free.push(new Uint8Array(part.bytes.buffer))
        const { pending } = decoder
        if (evaluated && pending !== undefined) this.#settled(end - pending)
        if (--this.#open > 0) return
        this.#change.resolve()
        this.#change = Promise.withResolvers()
      },
    }
  }
}
