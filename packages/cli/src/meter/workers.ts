import type { Unshared, WorkerCounts } from '@falc/sources-k8saudit/workers'
import type { Series } from './counts.ts'

/** Metrics of a source's worker threads. */
export function workerSeries(
  source: string,
  counts: readonly WorkerCounts[],
  { unshared, bytes }: { readonly unshared: Unshared; readonly bytes: number },
): Series[] {
  const each = (name: Series['name'], help: string, of: (one: WorkerCounts) => number): Series[] =>
    counts.map((one, i) => ({
      ...{ name, kind: 'counter', help, value: of(one), labels: { source, worker: String(i + 1) } },
    }))
  const why = 'Pieces of input that were evaluated outside of workers, by reason.'
  return [
    ...each('falc_worker_events_total', 'Events that a worker thread has evaluated.', ({ events }) => events),
    ...each('falc_worker_alerts_total', 'Alerts of these events.', ({ alerts }) => alerts),
    ...each('falc_worker_busy_seconds_total', 'Time in which it evaluated.', ({ busy }) => busy / 1000),
    ...each('falc_worker_restarts_total', 'How often it ended and was begun anew.', ({ restarts }) => restarts),
    ...Object.entries(unshared).map(
      ([reason, value]): Series => ({
        ...{ name: 'falc_worker_unshared_total', kind: 'counter', help: why, value, labels: { source, reason } },
      }),
    ),
    { name: 'falc_worker_bytes', kind: 'gauge', help: 'Bytes that workers have.', value: bytes, labels: { source } },
  ]
}
