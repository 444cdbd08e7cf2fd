import type { Memo } from '../fields/field.ts'

/**
 * Where the truths of memoised subtrees lie: one numbering per scope, shared by all programs of a ruleset, so that an
 * event type's program finds what another one learnt about the same thread. A ruleset makes one layout and drops it with
 * itself; memos that it left on objects are stale to any other layout.
 */
export class MemoLayout {
  readonly #slots = new Map<string, Map<number, number>>()
  readonly #ids = new Map<string, number>()
  #owner: object = {}
  /** Length of `Memo.sets`; the ruleset sets it before the first event. */
  setCount = 0

  /** A number for a subtree by its key: the same key, the same number, in all programs of the layout. */
  intern(key: string): number {
    let id = this.#ids.get(key)
    if (id === undefined) this.#ids.set(key, (id = this.#ids.size + 1))
    return id
  }

  /** The slot of a subtree (by its number) in a scope's memos. A new one makes all memos stale. */
  slot(scope: string, subtree: number): number {
    let slots = this.#slots.get(scope)
    if (!slots) this.#slots.set(scope, (slots = new Map()))
    let slot = slots.get(subtree)
    if (slot === undefined) {
      slot = slots.size
      slots.set(subtree, slot)
      this.#owner = {}
    }
    return slot
  }

  /** Slots given out in a scope. */
  size(scope: string): number {
    return this.#slots.get(scope)?.size ?? 0
  }

  scopes(): string[] {
    return [...this.#slots.keys()].sort()
  }

  /** What `Memo.owner` must be for a memo to be of use. */
  get owner(): object {
    return this.#owner
  }

  /** An empty memo for an object of `scope`, sized for all slots given out so far. */
  create(scope: string): Memo {
    return { owner: this.#owner, truths: new Uint8Array(this.size(scope)), sets: new Int32Array(this.setCount) }
  }
}
