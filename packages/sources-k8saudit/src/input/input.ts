import type { AuditEvent } from '../event.ts'
import type { AuditStats } from './stats.ts'

/** A way in. Iterate the events, or, which is faster, the batches in which they arrive; once. */
export interface AuditInput<S extends AuditStats = AuditStats> extends AsyncIterable<AuditEvent> {
  readonly stats: S
  batches(): AsyncIterable<AuditEvent[]>
}

export async function* eventsOf(batches: AsyncIterable<AuditEvent[]>): AsyncGenerator<AuditEvent, void> {
  for await (const batch of batches) for (const event of batch) yield event
}
