import type { Memo, MemoHolder } from '../fields/field.ts'

/**
 * Assigns slots for the truths of memoised subtrees: one numbering per scope, shared by all programs of a ruleset, so that the
 * program of one event type finds what another one has stored about the same thread. Each ruleset has its own layout; its memos on objects
 * are stale to any other layout.
 */
export class MemoLayout {
  readonly #scopes = new Map<string, ScopeSlots>()
  readonly #ids = new Map<string, number>()
  #owner: object = {}
  /**
   * The memo of objects seen once: many are never seen again (the descriptor of a file that is opened, read and closed), and
   * this one costs them nothing. It keeps no truths.
   */
  readonly #seenOnce: Memo = { owner: {}, truths: [], sets: [] }

  /** The number of a subtree: equal keys have equal numbers in all programs of the layout. */
  intern(key: string): number {
    let id = this.#ids.get(key)
    if (id === undefined) this.#ids.set(key, (id = this.#ids.size + 1))
    return id
  }

  /** The slot of a subtree (by its number) in a scope's memos. A new one makes all memos stale. */
  slot(scope: string, subtree: number): number {
    const slots = this.#slotsOf(scope)
    let slot = slots.bySubtree.get(subtree)
    if (slot === undefined) {
      slot = slots.bySubtree.size
      slots.bySubtree.set(subtree, slot)
      slots.unknown = zeros(words(slots.bySubtree.size))
      this.#owner = {}
    }
    return slot
  }

  /** The first slots of a scope, as programs that were saved number them. */
  reserve(scope: string, count: number): void {
    const slots = this.#slotsOf(scope)
    for (let slot = 0; slot < count; slot++) slots.bySubtree.set(slot, slot)
    slots.unknown = zeros(words(count))
  }

  /** Number of slots in a scope. */
  size(scope: string): number {
    return this.#scopes.get(scope)?.bySubtree.size ?? 0
  }

  scopes(): string[] {
    return [...this.#scopes.keys()].sort()
  }

  /** A place in `Memo.sets` of a scope's objects. A new one makes all memos stale. */
  setSlot(scope: string): number {
    const slots = this.#slotsOf(scope)
    const slot = slots.noSets.length
    slots.noSets = zeros(slot + 1)
    this.#owner = {}
    return slot
  }

  /** The memo of an object of `scope`. It is created the second time an event has the object. Call it once per event. */
  memoOf(holder: MemoHolder, scope: string): Memo | undefined {
    const { memo } = holder
    if (memo !== null && memo.owner === this.#owner) return memo
    if (memo === this.#seenOnce) return (holder.memo = this.#create(scope))
    holder.memo = this.#seenOnce
    return undefined
  }

  /** The memo of an object in an event for which `memoOf` may have been called. If it was not, the memo is created now. */
  memoWithin(holder: MemoHolder, scope: string): Memo | undefined {
    const { memo } = holder
    if (memo !== null && memo !== undefined && memo.owner === this.#owner) return memo
    return memo === this.#seenOnce ? undefined : (holder.memo = this.#create(scope))
  }

  /** The memo of an object, created now if it has none. */
  memoNow(holder: MemoHolder, scope: string): Memo {
    const { memo } = holder
    return memo !== null && memo.owner === this.#owner ? memo : (holder.memo = this.#create(scope))
  }

  /** `Memo.truths` of `scope`, all unknown. */
  unknownTruths(scope: string): number[] {
    return this.#slotsOf(scope).unknown.slice()
  }

  /** An empty memo with room for all slots assigned so far. */
  #create(scope: string): Memo {
    const { unknown, noSets } = this.#slotsOf(scope)
    return { owner: this.#owner, truths: unknown.slice(), sets: noSets.slice() }
  }

  #slotsOf(scope: string): ScopeSlots {
    let slots = this.#scopes.get(scope)
    if (!slots) this.#scopes.set(scope, (slots = { bySubtree: new Map(), unknown: [], noSets: [] }))
    return slots
  }
}

interface ScopeSlots {
  readonly bySubtree: Map<number, number>
  /**
   * The truths of a new memo are a copy of this. These are plain arrays of small integers: creating a memo takes about 30 ns,
   * where typed arrays of more than 64 bytes took 1,100 ns (Node 24), and every opened file is a new object.
   */
  unknown: readonly number[]
  /** The same for `Memo.sets`. */
  noSets: readonly number[]
}

/** Programs number their events up to this, then start again: twice a number plus a truth is a small integer. */
export const MAX_NOW = 2 ** 29

/** The element of `Memo.truths` that holds a slot's two bits. */
export function wordOf(slot: number): number {
  return slot >> 3
}

/** By how many bits a slot is shifted in its element. */
export function shiftOf(slot: number): number {
  return (slot & 7) << 1
}

function words(slots: number): number {
  return (slots + 7) >> 3
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0)
}
