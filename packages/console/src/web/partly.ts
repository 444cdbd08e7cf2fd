/** The note on an answer that covers only part of the alerts, for lack of time. */
import type { Completeness } from '../shapes/index.ts'
import { grouped } from './numbers.ts'

export function partly({ complete, looked }: Completeness): string | undefined {
  if (complete) return undefined
  if (!looked) return 'Of the newest alerts only: there was no time for all.'
  const { alerts, of } = looked
  if (alerts >= of) return 'There are too many different ones: the rarest are missing.'
  return `Of the newest ${grouped(alerts)} of ${grouped(of)} alerts: there was no time for all.`
}
