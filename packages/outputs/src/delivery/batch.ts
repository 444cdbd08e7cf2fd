import type { Answer, Failure } from '../model/answer.ts'
import type { BatchLimits, Item } from '../model/transport.ts'

/** What an answer means for the sent items. */
export interface Settled {
  readonly delivered: number
  /** Items that the receiver will never take, with its reasons. */
  readonly refused: readonly { readonly item: Item; readonly failure: Failure }[]
  /** Why the others are sent again; undefined if all are delivered, or if the batch was rejected as a whole. */
  readonly again: Failure | undefined
  /** How many of the oldest items are done with: delivered or refused, and all those before them too. */
  readonly done: number
}

/** A receiver must answer for each item; one that it does not mention is sent again. */
const UNANSWERED: Failure = { class: 'later', cause: 'unanswered', message: 'the answer lacks some of the alerts' }

/**
 * The items in progress, which have left the queue: what to send next, and what answers mean. A batch that is refused as a whole is sent
 * again in parts, so that one bad alert does not lose others. After a failure, a single alert is sent, to see whether the receiver is back.
 */
export class Batch {
  #items: readonly Item[] = []
  /** Items that are done with and not yet reported as such. */
  #resolved = 0
  /** An item before one of those is still in progress. */
  #gap = false
  #limit = Number.POSITIVE_INFINITY

  /** Items in progress. */
  get length(): number {
    return this.#items.length
  }

  /** @param items the next ones of the queue; nothing may be in progress */
  fill(items: readonly Item[]): void {
    this.#items = items
  }

  /** The items to send now. */
  next({ items, bytes = Number.POSITIVE_INFINITY }: BatchLimits): readonly Item[] {
    const most = Math.min(items, this.#limit)
    let [end, size] = [0, 0]
    for (; end < most && end < this.#items.length; end++) {
      if (bytes < Number.POSITIVE_INFINITY) size += this.#items[end]!.body.length
      if (size > bytes && end > 0) break
    }
    return this.#items.slice(0, end)
  }

  /** @param sent what `next` returned */
  settle(sent: readonly Item[], { delivered, failure, items }: Answer): Settled {
    const after = sent.slice(delivered)
    let fates: readonly (Failure | undefined)[]
    if (items) fates = after.map((_, i) => (i < items.length ? items[i] : UNANSWERED))
    else if (failure) fates = after.map(() => failure)
    else fates = []
    const whole = failure?.class === 'poison' && items === undefined && after.length > 1
    this.#adapt(sent.length, after.length, fates, whole)

    const refused: { item: Item; failure: Failure }[] = []
    const kept: Item[] = []
    let again: Failure | undefined
    for (const [i, fate] of fates.entries()) {
      const item = after[i]!
      if (fate === undefined) continue
      if (fate.class === 'poison' && !whole) refused.push({ item, failure: fate })
      else {
        kept.push(item)
        if (!whole && later(fate, again)) again = fate
      }
    }
    const taken = sent.length - kept.length
    this.#items = [...kept, ...this.#items.slice(sent.length)]
    return { delivered: taken - refused.length, refused, again, done: this.#done(sent, kept, taken) }
  }

  /** Everything in progress, to be given up. */
  clear(): readonly Item[] {
    const items = this.#items
    this.#items = []
    return items
  }

  /** Items are done with in order: those behind one that is still in progress wait for it. */
  #done(sent: readonly Item[], kept: readonly Item[], taken: number): number {
    this.#resolved += taken
    if (kept.length > 0 && kept[0] !== sent[taken]) this.#gap = true
    if (this.#items.length === 0) this.#gap = false
    if (this.#gap) return 0
    const done = this.#resolved
    this.#resolved = 0
    return done
  }

  #adapt(sent: number, open: number, fates: readonly (Failure | undefined)[], whole: boolean): void {
    if (whole) this.#limit = open >> 1
    else if (open === sent && fates.every(fate => fate !== undefined && fate.class !== 'poison')) {
      if (fates.length > 0) this.#limit = 1
      else this.#grow(sent)
    } else this.#grow(sent)
  }

  #grow(sent: number): void {
    if (this.#limit < Number.POSITIVE_INFINITY) this.#limit = Math.max(this.#limit, sent) * 2
  }
}

/** The failure that keeps items longest. */
function later(one: Failure, other: Failure | undefined): boolean {
  return other === undefined || (one.after ?? 0) > (other.after ?? 0)
}
