import type { AuditWebhook } from '@falc/sources-k8saudit'
import type { Series } from './counts.ts'

/** Metrics of a source's webhook: accepted, refused and waiting requests. */
export function webhookSeries(source: string, { stats, waiting }: Pick<AuditWebhook, 'stats' | 'waiting'>): Series[] {
  const series = (name: Series['name'], kind: Series['kind'], help: string, value: number, labels = {}): Series => ({
    ...{ name, kind, help, value, labels: { source, ...labels } },
  })
  const refused = 'Requests that the webhook refused, and connections that it closed, by cause.'
  return [
    series('falc_webhook_requests_total', 'counter', 'Requests to the webhook.', stats.requests),
    ...Object.entries(stats.refused).map(([cause, count]) =>
      series('falc_webhook_refused_total', 'counter', refused, count, { cause }),
    ),
    series('falc_webhook_queue_length', 'gauge', 'Bodies that have not been evaluated to their end.', waiting.bodies),
    series('falc_webhook_queue_bytes', 'gauge', 'Memory that these bodies take.', waiting.bytes),
  ]
}
