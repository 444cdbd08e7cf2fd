/** Where alerts stand: every alert begins as `open`. The store keeps the position in this list. */
export const STATES = ['open', 'acknowledged', 'closed', 'false_positive'] as const
export type State = (typeof STATES)[number]
