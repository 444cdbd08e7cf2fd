import type { AuditEvent } from '../event.ts'
import { AuditLogDecoder, type DecoderOptions } from '../log/decoder.ts'
import { LogPieces } from '../log/pieces.ts'
import type { Piece } from '../piece.ts'
import type { AuditStats } from '../stats.ts'
import { type AuditInput, batchesOf, eventsOf, lossesOf } from './input.ts'

/** An audit log read from a stream of bytes, such as standard input: `readAuditStream(process.stdin)`. */
export function readAuditStream(stream: AsyncIterable<Uint8Array>, options: DecoderOptions = {}): AuditInput {
  return new AuditStream(stream, options)
}

class AuditStream implements AuditInput {
  readonly #stream: AsyncIterable<Uint8Array>
  readonly #decoder: AuditLogDecoder
  readonly #divided: boolean | undefined
  readonly #signal: AbortSignal | undefined

  constructor(stream: AsyncIterable<Uint8Array>, options: DecoderOptions) {
    this.#stream = stream
    this.#decoder = new AuditLogDecoder(options)
    this.#divided = options.divided
    this.#signal = options.signal
  }

  get stats(): AuditStats {
    return this.#decoder.stats
  }

  losses(): Record<string, number> {
    return lossesOf(this.stats)
  }

  batches(): AsyncGenerator<AuditEvent[], void> {
    return batchesOf(this.pieces())
  }

  async *pieces(): AsyncGenerator<Piece, void> {
    const pieces = new LogPieces(this.#decoder, this.#divided)
    const chunks = this.#stream[Symbol.asyncIterator]()
    const next = nextUnless(chunks, this.#signal)
    try {
      for (let one = await next(); one; one = await next()) {
        if (one.done) {
          yield pieces.end()
          break
        }
        yield* pieces.add(one.value)
      }
    } finally {
      // Not awaited: a stream with a pending read returns only after its next chunk.
      chunks.return?.()?.catch(() => undefined)
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<AuditEvent> {
    return eventsOf(this.batches())
  }
}

/** Returns the next chunk, or undefined once the signal fires, even while a chunk is awaited. */
function nextUnless<T>(chunks: AsyncIterator<T>, signal: AbortSignal | undefined) {
  return (): Promise<IteratorResult<T> | undefined> => {
    if (signal?.aborted) return Promise.resolve(undefined)
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<T> | undefined>()
    // One listener for each chunk: a promise that outlives them all would keep them all.
    const fire = () => resolve(undefined)
    signal?.addEventListener('abort', fire)
    chunks.next().then(resolve, reject)
    return promise.finally(() => signal?.removeEventListener('abort', fire))
  }
}
