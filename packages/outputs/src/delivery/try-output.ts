import type { AlertData } from '@falc/engine'
import type { Answer } from '../model/answer.ts'
import type { Format } from '../model/format.ts'
import { QueuedItem, type Wording } from '../model/item.ts'
import type { Target } from '../model/transport.ts'
import { Connection } from './connection.ts'

/** Sends one alert to a receiver once, bypassing its queue. */
export async function tryOutput(
  target: Target,
  alert: AlertData,
  format: Format,
  template?: Wording['template'],
): Promise<Answer> {
  const connection = new Connection(target, { timeout: 2 ** 31 - 1, blocked: () => {} })
  const answer = await connection.attempt([new QueuedItem(alert, { format, template })])
  try {
    await connection.close(false)
    return answer
  } catch (error) {
    const { code = 'error', message } = error as NodeJS.ErrnoException
    return { delivered: 0, failure: { class: 'later', cause: code, message } }
  }
}
