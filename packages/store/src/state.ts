/** The triage states of an alert, which starts as `open`. The store keeps the index in this list. */
export const STATES = ['open', 'acknowledged', 'closed', 'false_positive'] as const
export type State = (typeof STATES)[number]
