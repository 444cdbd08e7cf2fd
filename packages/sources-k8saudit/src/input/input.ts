import { setImmediate as turn } from 'node:timers/promises'
import type { AuditEvent } from '../event.ts'
import type { Piece } from '../piece.ts'
import type { AuditStats } from '../stats.ts'

/** A source of events. Iterate, once, the events, the batches in which they arrive, which is faster, or the pieces that they are read from. */
export interface AuditInput<S extends AuditStats = AuditStats> extends AsyncIterable<AuditEvent> {
  readonly stats: S
  batches(): AsyncIterable<AuditEvent[]>
  pieces(): AsyncIterable<Piece>
  /** What was lost, by cause: events, documents and whole bodies that will not be sent again. Without causes that never occurred. */
  losses(): Record<string, number>
}

export async function* eventsOf(batches: AsyncIterable<AuditEvent[]>): AsyncGenerator<AuditEvent, void> {
  for await (const batch of batches) for (const event of batch) yield event
}

/** Reads pieces one after the other. */
export async function* batchesOf(pieces: AsyncIterable<Piece>): AsyncGenerator<AuditEvent[], void> {
  for await (const piece of pieces) {
    let evaluated = false
    try {
      yield* inTurns(piece.read())
      evaluated = true
    } finally {
      piece.settle(evaluated)
    }
  }
}

/** Batches that are parsed as they are asked for, with a turn of the event loop between them. */
async function* inTurns(batches: Iterable<AuditEvent[]>): AsyncGenerator<AuditEvent[], void> {
  let first = true
  for (const batch of batches) {
    if (!first) await turn()
    first = false
    if (batch.length > 0) yield batch
  }
}

export function lossesOf(
  { rejected }: AuditStats,
  others: Readonly<Record<string, number>> = {},
): Record<string, number> {
  return Object.fromEntries(Object.entries({ ...rejected, ...others }).filter(([, count]) => count > 0))
}
