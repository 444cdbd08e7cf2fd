/** Values that many alerts of a batch share, as one object for all of them. */
import { priorityLevel } from '@falc/engine'
import type { Counted } from './counts.ts'
import { type Body, commonTermsOf } from './term.ts'

export interface Kind extends Counted, Pick<Body, 'hostname'> {
  /** See `commonTermsOf`. */
  readonly terms: string
  /** `terms` in UTF-8. */
  readonly termBytes: Uint8Array
}

export class Kinds {
  readonly #all = new Map<string, Kind>()
  /** Alerts come in bursts. */
  #last: Kind | undefined
  #lastPriority = ''

  /** @param namespace see `namespaceOf` */
  of(body: Pick<Body, 'rule' | 'priority' | 'source' | 'hostname'>, namespace: string): Kind {
    const { rule, priority, source, hostname } = body
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
      const counted = { rule, priority: priorityLevel(priority), source, host: hostname ?? '', namespace }
      kind = { ...counted, hostname, terms, termBytes: Buffer.from(terms) }
      this.#all.set(key, kind)
    }
    this.#last = kind
    this.#lastPriority = priority
    return kind
  }
}
