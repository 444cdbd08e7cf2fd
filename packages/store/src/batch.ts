/**
 * Alerts on their way to the file: some long texts and arrays, which another thread gets for much less than as many objects. What the
 * indexes have of an alert is taken from the alert itself, so that no thread parses its JSON.
 */
import { type AlertData, alertJson, priorityLevel } from '@falc/engine'
import { withoutPrefix } from '@falc/engine/analysis'
import type { Counted } from './counts.ts'
import { idOf, inRange, namespaceOf } from './row.ts'
import { indexed } from './term.ts'

/** What many alerts of a batch have in common. */
export interface Kind extends Counted {
  readonly hostname: string | undefined
}

export interface Batch {
  /** Their JSON, one per line. */
  readonly bodies: string
  /** What people search for in words, one line per alert. */
  readonly texts: string
  /** The words of their values, one line per alert. */
  readonly terms: string
  /** 16 bytes per alert. */
  readonly ids: Uint8Array<ArrayBuffer>
  readonly times: BigInt64Array<ArrayBuffer>
  readonly kinds: readonly Kind[]
  /** Each alert's place in `kinds`. */
  readonly kindOf: Uint32Array<ArrayBuffer>
}

export const ID_BYTES = 16

export function batchOf(alerts: readonly AlertData[]): Batch {
  const [bodies, texts, terms]: [string[], string[], string[]] = [[], [], []]
  const ids = new Uint8Array(ID_BYTES * alerts.length)
  const times = new BigInt64Array(alerts.length)
  const kinds = new Kinds()
  const kindOf = new Uint32Array(alerts.length)
  for (const [i, alert] of alerts.entries()) {
    const message = withoutPrefix(alert.output, alert.priority) !== alert.message
    bodies.push(alertJson(alert, { id: true, message }))
    const words = indexed(alert)
    texts.push(words.text.includes('\n') ? words.text.replaceAll('\n', ' ') : words.text)
    terms.push(words.terms)
    ids.set(idOf(alert.id), ID_BYTES * i)
    times[i] = inRange(alert.time)
    kindOf[i] = kinds.placeOf(alert)
  }
  const lines = { bodies: bodies.join('\n'), texts: texts.join('\n'), terms: terms.join('\n') }
  return { ...lines, ids, times, kinds: kinds.all, kindOf }
}

class Kinds {
  readonly all: Kind[] = []
  readonly #places = new Map<string, number>()

  placeOf(alert: AlertData): number {
    const { rule, priority, source, hostname } = alert
    const namespace = namespaceOf(alert)
    const key = `${rule}\0${priority}\0${source}\0${hostname ?? '\0'}\0${namespace}`
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.all.length
      this.#places.set(key, place)
      this.all.push({ rule, priority: priorityLevel(priority), source, hostname, host: hostname ?? '', namespace })
    }
    return place
  }
}
