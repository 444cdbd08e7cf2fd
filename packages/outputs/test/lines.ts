/** Alerts whose body is a line that the test chooses. */
import type { AlertData } from '@falc/engine'
import {
  Delivery,
  type DeliveryOptions,
  type Format,
  MemoryQueue,
  type QueueBounds,
  type Target,
} from '../src/index.ts'
import { alert } from './transports/items.ts'

export const LINES: Format = { contentType: 'text/plain', print: ({ output }) => output }

let count = 0

export const line = (output: string, priority: AlertData['priority'] = 'Warning'): AlertData =>
  alert(count++, { output, priority })

/** A delivery of lines. */
export function deliverLines(target: Target, options: Partial<DeliveryOptions> & QueueBounds = {}): Delivery {
  return new Delivery(target, { format: LINES, queue: new MemoryQueue(options), ...options })
}
