/** Metrics of playbooks. Every series exists from the start, with 0. */
import type { NatsCounts, ResponseCounts } from '@falc/response'
import { Page } from './series.ts'

/** The page of `falc respond`. */
export function responsePage(counts: ResponseCounts, nats?: NatsCounts): string {
  const page = new Page()
  describeResponse(page, counts)
  if (nats) describeStream(page, nats)
  return page.text
}

export function describeResponse(page: Page, counts: ResponseCounts): void {
  const { alerts, matched, dropped, steps, held, waiting, undoing, tripped, journalFailures } = counts
  page.add('falc_response_alerts_total', 'counter', 'Alerts that playbooks have looked at.', alerts)
  page.add('falc_response_matched_total', 'counter', 'Alerts that a playbook was about, once for each.', matched)
  page.add('falc_response_alerts_dropped_total', 'counter', 'Alerts left out, since too many waited.', dropped)
  for (const { action, result, dry, count } of steps)
    page.add('falc_response_steps_total', 'counter', 'Steps that acted, by what came of it.', count, {
      ...{ action, result, dry: String(dry) },
    })
  for (const [guard, count] of Object.entries(held))
    page.add('falc_response_held_total', 'counter', 'Steps that were held back, by guard.', count, { guard })
  page.add('falc_response_waiting', 'gauge', 'Steps that wait for approval.', waiting)
  page.add('falc_response_undoing', 'gauge', 'Steps that will be undone by themselves.', undoing)
  page.add('falc_response_fuse_tripped', 'gauge', '1 while the fuse stops everything.', tripped ? 1 : 0)
  page.add('falc_response_journal_errors_total', 'counter', 'Entries that could not be written.', journalFailures)
}

function describeStream(page: Page, { pending, unacknowledged, lag, connected, ...messages }: NatsCounts): void {
  const help = 'Messages of the stream, by what became of them.'
  for (const [outcome, count] of Object.entries(messages))
    page.add('falc_response_nats_messages_total', 'counter', help, count, { outcome })
  page.add('falc_response_nats_pending', 'gauge', 'Alerts in the stream that no responder has yet.', pending)
  page.add('falc_response_nats_unacknowledged', 'gauge', 'Alerts that responders have.', unacknowledged)
  page.add('falc_response_nats_lag_seconds', 'gauge', 'How long the last alert was in the stream.', lag / 1000)
  page.add('falc_response_nats_connected', 'gauge', '0 while there is no connection to the server.', Number(connected))
}
