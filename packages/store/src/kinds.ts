/** What many alerts of a batch have in common: one object for all of them. */
import { priorityLevel } from '@falc/engine'
import type { Counted } from './counts.ts'
import { namespaceOf } from './row.ts'
import { type Body, commonTermsOf } from './term.ts'

export interface Kind extends Counted, Pick<Body, 'hostname'> {
  /** See `commonTermsOf`. */
  readonly terms: string
}

export class Kinds {
  readonly #all = new Map<string, Kind>()
  /** Alerts come in bursts. */
  #last: Kind | undefined
  #lastPriority = ''

  of(body: Body): Kind {
    const { rule, priority, source, hostname } = body
    const namespace = namespaceOf(body)
    const last = this.#last
    if (
      last?.rule === rule &&
      this.#lastPriority === priority &&
      last.source === source &&
      last.hostname === hostname &&
      last.namespace === namespace
    )
      return last
    const key = JSON.stringify([rule, priority, source, hostname, namespace])
    let kind = this.#all.get(key)
    if (kind === undefined) {
      const terms = commonTermsOf(body)
      kind = { rule, priority: priorityLevel(priority), source, hostname, host: hostname ?? '', namespace, terms }
      this.#all.set(key, kind)
    }
    this.#last = kind
    this.#lastPriority = priority
    return kind
  }
}
