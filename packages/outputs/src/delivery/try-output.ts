import type { AlertData } from '@falc/engine'
import type { Answer } from '../model/answer.ts'
import type { Format } from '../model/format.ts'
import { QueuedItem, type Wording } from '../model/item.ts'
import type { Target } from '../model/transport.ts'
import { Connection } from './connection.ts'

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
