import type { AuditEvent } from '../event.ts'
import type { AuditStats } from '../stats.ts'

/** A source of events. Iterate, once, the events or the batches in which they arrive; batches are faster. */
export interface AuditInput<S extends AuditStats = AuditStats> extends AsyncIterable<AuditEvent> {
  readonly stats: S
  batches(): AsyncIterable<AuditEvent[]>
}

export async function* eventsOf(batches: AsyncIterable<AuditEvent[]>): AsyncGenerator<AuditEvent, void> {
  for await (const batch of batches) for (const event of batch) yield event
}
