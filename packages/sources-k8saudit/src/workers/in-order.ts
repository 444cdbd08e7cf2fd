import { setImmediate as turn } from 'node:timers/promises'
import type { AuditEvent } from '../event.ts'
import type { Part, Piece } from '../piece.ts'
import { newStats } from '../stats.ts'
import type { Evaluated } from './evaluate.ts'
import type { Outcome, Pool } from './pool.ts'

export interface InOrderOptions {
  /** Bytes of the pieces that were taken and whose alerts were not; one is taken in any case. Default 16 MiB. */
  readonly maxBytes?: number
  /** A smaller part costs more to give away than to evaluate. Default 8 KiB. */
  readonly minBytes?: number
  /** Whether workers may evaluate what comes now. */
  readonly usable: () => boolean
  /** Ends a piece that is awaited: no one takes pieces any more. */
  readonly stop: () => void
}

/** Why parts were not left to workers, or not taken from them, and how many. */
export type Unshared = Partial<Record<Exclude<Outcome, Evaluated | 'lost'> | 'order', number>>

/** Pieces that are evaluated without workers after one that a worker could not evaluate. The number doubles with each further one. */
const MAX_REST = 64

interface Taken {
  readonly piece: Piece
  readonly bytes: number
  readonly outcome: Promise<Outcome> | undefined
}

/**
 * Has the parts of an input evaluated by workers, and gives out what has come of them in the order of the input. What workers cannot
 * evaluate is given out as events.
 */
export class InOrder {
  readonly unshared: Unshared = {}
  readonly #pieces: AsyncIterator<Piece>
  readonly #pool: Pool
  readonly #options: InOrderOptions
  readonly #taken: Taken[] = []
  #bytes = 0
  #ended = false
  #stopped = false
  #failure: { readonly error: unknown } | undefined
  #change = Promise.withResolvers<void>()
  /** Pieces that are not given to workers. */
  #resting = 0
  #nextRest = 1

  constructor(pieces: AsyncIterable<Piece>, pool: Pool, options: InOrderOptions) {
    this.#pieces = pieces[Symbol.asyncIterator]()
    this.#pool = pool
    this.#options = options
  }

  /** Bytes of the pieces in hand. */
  get bytes(): number {
    return this.#bytes
  }

  /** Asking for what comes next says that alerts were taken and events evaluated. @throws what the input throws */
  async *results(): AsyncGenerator<AuditEvent[] | Evaluated, void> {
    const taking = this.#take()
    try {
      for (let next = await this.#next(); next; next = await this.#next()) {
        yield* this.#resultsOf(next)
        this.#settle(true)
      }
      if (this.#failure) throw this.#failure.error
    } finally {
      this.#stopped = true
      while (this.#taken.length > 0) this.#settle(false)
      this.#options.stop()
      await taking
      await this.#pieces.return?.()
    }
  }

  async *#resultsOf({ piece, outcome: awaited }: Taken): AsyncGenerator<AuditEvent[] | Evaluated, void> {
    const outcome = await awaited
    const evaluated = outcome === 'lost' ? lostPart(piece.part!) : outcome
    if (typeof evaluated === 'object') {
      if (piece.join!(evaluated)) {
        this.#nextRest = 1
        yield evaluated
        return
      }
      this.#count('order')
    } else if (evaluated !== undefined) this.#count(evaluated)
    if (outcome !== undefined) this.#rest()
    for (const batch of piece.read()) {
      if (batch.length > 0) yield batch
      await turn()
    }
  }

  #count(why: keyof Unshared): void {
    this.unshared[why] = (this.unshared[why] ?? 0) + 1
  }

  #rest(): void {
    this.#resting = this.#nextRest
    this.#nextRest = Math.min(MAX_REST, 2 * this.#nextRest)
  }

  async #next(): Promise<Taken | undefined> {
    while (this.#taken.length === 0 && !this.#ended) await this.#change.promise
    return this.#taken[0]
  }

  async #take(): Promise<void> {
    const { maxBytes = 16 << 20 } = this.#options
    const most = 4 * this.#pool.counts.length
    try {
      while (!this.#stopped) {
        if (this.#taken.length > 0 && (this.#bytes >= maxBytes || this.#taken.length >= most)) {
          await this.#change.promise
          continue
        }
        const { value: piece, done } = await this.#pieces.next()
        if (done) break
        const bytes = piece.part?.bytes.length ?? 0
        this.#bytes += bytes
        this.#taken.push({ piece, bytes, outcome: this.#share(piece) })
        if (this.#stopped) this.#settle(false)
        this.#changed()
      }
    } catch (error) {
      this.#failure = { error }
    }
    this.#ended = true
    this.#changed()
  }

  #share({ part }: Piece): Promise<Outcome> | undefined {
    const { minBytes = 8192, usable } = this.#options
    if (!part || part.bytes.length < minBytes || this.#pool.unable !== undefined || !usable()) return undefined
    if (this.#resting > 0) {
      this.#resting--
      return undefined
    }
    return this.#pool.evaluate(part)
  }

  #settle(evaluated: boolean): void {
    const { piece, bytes } = this.#taken.shift()!
    this.#bytes -= bytes
    piece.settle(evaluated)
    this.#changed()
  }

  #changed(): void {
    const { resolve } = this.#change
    this.#change = Promise.withResolvers()
    resolve()
  }
}

/** A part that has ended its workers. */
function lostPart({ form, bytes }: Part): Evaluated {
  const stats = newStats()
  stats.bytes = bytes.length
  stats.rejected.worker = 1
  const message = `${bytes.length} bytes have ended their worker, or kept it busy for too long, twice`
  let lines = 0
  if (form === 'lines') for (const byte of bytes) if (byte === 0x0a) lines++
  return {
    stats,
    lines,
    problems: [{ cause: 'worker', message, ...(form === 'lines' && { line: 1 }) }],
    events: 0,
    alerts: [],
  }
}
