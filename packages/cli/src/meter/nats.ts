import type { AuditStreamCounts } from '@falc/sources-k8saudit/nats'
import type { Series } from './counts.ts'

/** Metrics of a stream of audit events, at a receiver or a worker. */
export function streamSeries(source: string, counts: AuditStreamCounts): Series[] {
  const { batches, deadLetters = {}, pending, unacknowledged, connected } = counts
  const series = (name: Series['name'], kind: Series['kind'], help: string, value: number | undefined, labels = {}) =>
    value === undefined ? [] : [{ name, kind, help, value, labels: { source, ...labels } }]
  const dead = 'Batches that could not be evaluated, kept as dead letters.'
  return [
    ...Object.entries(batches).flatMap(([outcome, n]) =>
      series('falc_nats_batches_total', 'counter', 'Batches of audit events, by what became of them.', n, { outcome }),
    ),
    ...Object.entries<number>(deadLetters).flatMap(([cause, n]) =>
      series('falc_nats_dead_letters_total', 'counter', dead, n, { cause }),
    ),
    ...series('falc_nats_pending', 'gauge', 'Batches in the stream that no worker has yet.', pending),
    ...series('falc_nats_unacknowledged', 'gauge', 'Batches that workers have.', unacknowledged),
    ...series('falc_nats_connected', 'gauge', '0 while there is no connection to the server.', Number(connected)),
  ]
}
