import type { AuditEvent } from '../event.ts'
import { AuditLogDecoder, type DecoderOptions } from '../log/decoder.ts'
import type { AuditStats } from '../stats.ts'
import { type AuditInput, eventsOf, lossesOf } from './input.ts'

/** An audit log read from a stream of bytes, such as standard input: `readAuditStream(process.stdin)`. */
export function readAuditStream(stream: AsyncIterable<Uint8Array>, options: DecoderOptions = {}): AuditInput {
  return new AuditStream(stream, options)
}

class AuditStream implements AuditInput {
  readonly #stream: AsyncIterable<Uint8Array>
  readonly #decoder: AuditLogDecoder
  readonly #signal: AbortSignal | undefined

  constructor(stream: AsyncIterable<Uint8Array>, options: DecoderOptions) {
    this.#stream = stream
    this.#decoder = new AuditLogDecoder(options)
    this.#signal = options.signal
  }

  get stats(): AuditStats {
    return this.#decoder.stats
  }

  losses(): Record<string, number> {
    return lossesOf(this.stats)
  }

  async *batches(): AsyncGenerator<AuditEvent[], void> {
    const chunks = this.#stream[Symbol.asyncIterator]()
    const aborted = abortOf(this.#signal)
    try {
      for (;;) {
        const next = await Promise.race([chunks.next(), aborted.promise])
        if (next === undefined) break
        const events = next.done ? this.#decoder.end() : this.#decoder.push(next.value)
        if (events.length > 0) yield events
        if (next.done) break
      }
    } finally {
      aborted.dispose()
      // Not awaited: a stream with a pending read returns only after its next chunk.
      chunks.return?.()?.catch(() => undefined)
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<AuditEvent> {
    return eventsOf(this.batches())
  }
}

/** A promise that resolves to undefined when the signal fires. */
function abortOf(signal: AbortSignal | undefined): { promise: Promise<undefined>; dispose(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const fire = () => resolve(undefined)
  if (signal?.aborted) fire()
  signal?.addEventListener('abort', fire)
  return { promise, dispose: () => signal?.removeEventListener('abort', fire) }
}
