import type { AlertData } from '@falc/engine'
import type { Answer } from './answer.ts'
import { Connection } from './connection.ts'
import type { Format } from './format.ts'
import { QueuedItem, type Wording } from './item.ts'
import type { Target } from './transport.ts'

/** Sends one alert to a receiver, past its queue, once. */
export async function tryOutput(
  target: Target,
  alert: AlertData,
  format: Format,
  template?: Wording['template'],
): Promise<Answer> {
  const connection = new Connection(target, { timeout: 2 ** 31 - 1, blocked: () => {} })
  try {
    return await connection.attempt([new QueuedItem(alert, { format, template })])
  } finally {
    await connection.close(false)
  }
}
