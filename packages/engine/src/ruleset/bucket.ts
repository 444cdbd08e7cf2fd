import type { Evaluator } from '../bytecode/evaluator.ts'
import type { MemoLayout } from '../bytecode/memo.ts'
import type { Memo, MemoHolder } from '../fields/field.ts'
import type { BucketKey } from './bucket-key.ts'
import type { NeedIndex } from './need-index.ts'
import { PartMasks } from './part-masks.ts'
import { SetTable } from './set-table.ts'

/** One scope's share of a bucket's conditions. */
export interface BucketScope {
  readonly name: string
  /** The object that keeps this scope's results for an event. */
  readonly holder: (event: any) => MemoHolder | undefined
  /** Where in `Memo.sets` the bucket keeps which of its conditions the object leaves possible. */
  readonly slot: number
  /** By condition: the root of its part in this scope, -1 for none. */
  readonly parts: Int32Array
}

/** With this many conditions left, a scope without a kept set tests their parts one by one instead of making a set of all. */
const FEW = 4
/** A bucket whose table has been cleared this often runs without sets: they change too much. */
const MAX_CLEARS = 1 << 12
const CAPACITY = 4096

/**
 * The rules that can match one group of event types, by condition: those with equal conditions match together. A thread, or another
 * long-lived object, keeps the set of conditions that it leaves possible, as a number. The sets of all scopes are intersected through a
 * small cache. Usually nothing remains, and the event is done without reading any of its fields, at a cost that does not depend on the
 * number of rules.
 */
export class Bucket {
  /** By condition: the rules that have it, by their positions in the ruleset, ascending. Conditions are in the order of their first rules. */
  readonly #rules: readonly (readonly number[])[]
  readonly #scopes: readonly BucketScope[]
  readonly #keys: readonly BucketKey[]
  /** The parts of the scopes, then of the keys. */
  readonly #parts: readonly Int32Array[]
  /** By condition: the root of the part that belongs to no scope or key, -1 for none. */
  readonly #rest: Int32Array
  // What changes with each event is no #name: V8's middle compiler writes to those by a call.
  /** By root: `now` if it was true when it was tested last, one less if it was false. Many conditions share what remains. */
  readonly #truths: Float64Array
  private now = 0
  readonly #evaluator: Evaluator
  readonly #layout: MemoLayout
  readonly #sets: SetTable
  /** Every condition. */
  readonly #every: Int32Array
  /** Per scope: which conditions have which part. */
  readonly #masks: readonly PartMasks[]
  /** Parts that are still to be tested one by one: indexes in #parts. */
  readonly #open: Int32Array
  /** Scopes whose object keeps no set yet, and what it keeps: made after the sets that are known, which often leave nothing. */
  readonly #later: Int32Array
  readonly #memos: Memo[] = []
  /** Finds conditions by what remains of them; undefined: they are tested one by one. */
  readonly #found: NeedIndex | undefined
  /** See #setOfUnfound: the set, and the state of the table for which it is valid. */
  #unfound = -1
  #unfoundClears = 0
  /** See excludes: rules asked about, the sets of their conditions, and the state of the table for which these are valid. */
  readonly #asked = new Map<readonly number[], number>()
  #askedClears = 0
  /** No object keeps a scope's results, as when an open has failed: to make its parts takes longer than what remains of a condition. */
  private restFirst = false
  /** Events decided by kept sets alone. */
  decided = 0

  constructor(
    rules: readonly (readonly number[])[],
    scopes: readonly BucketScope[],
    keys: readonly BucketKey[],
    rest: Int32Array,
    evaluator: Evaluator,
    layout: MemoLayout,
    indexOf: (roots: readonly number[]) => NeedIndex | undefined,
  ) {
    this.#rules = rules
    this.#scopes = scopes
    this.#keys = keys
    this.#parts = [...scopes, ...keys].map(({ parts }) => parts)
    this.#rest = rest
    this.#truths = new Float64Array(rest.reduce((most, root) => Math.max(most, root), 0) + 1)
    this.#evaluator = evaluator
    this.#layout = layout
    this.#sets = new SetTable(rules.length, CAPACITY)
    this.#every = Int32Array.from(rules.keys())
    this.#masks = scopes.map(scope => new PartMasks(scope.parts, this.#sets.width, indexOf))
    this.#found = indexOf(Array.from(rest))
    this.#open = new Int32Array(this.#parts.length)
    this.#later = new Int32Array(scopes.length)
  }

  /** How often the table of sets was full and was cleared. */
  get clears(): number {
    return this.#sets.clears
  }

  /**
   * Writes the positions of the matching rules to `matches`, in order; returns how many.
   * @param first stop at the first one
   */
  evaluate(event: unknown, matches: Int32Array, first: boolean): number {
    const sets = this.#sets
    const clears = sets.clears
    let candidates = this.#every
    let set = -1
    let open = 0
    let later = 0
    this.restFirst = false
    for (let n = 0, { length } = this.#scopes; n < length + later; n++) {
      const i = n < length ? n : this.#later[n - length]!
      const scope = this.#scopes[i]!
      let own = 0
      if (n < length) {
        const holder = clears < MAX_CLEARS ? scope.holder(event) : undefined
        const memo = holder === undefined ? undefined : this.#layout.memoOf(holder, scope.name)
        this.restFirst ||= holder === undefined
        if (memo === undefined) {
          this.#open[open++] = i
          continue
        }
        // Numbers given before the table was cleared are lower.
        own = memo.sets[scope.slot]! - 1 - clears * CAPACITY
        if (own < 0) {
          this.#memos[later] = memo
          this.#later[later++] = i
          continue
        }
      } else {
        if (n === length) this.#evaluator.begin(event)
        if (candidates.length <= FEW) {
          this.#open[open++] = i
          continue
        }
        own = this.#setOf(i, event)
        if (sets.clears !== clears) return this.#each(event, matches, first)
        this.#memos[n - length]!.sets[scope.slot] = own + 1 + clears * CAPACITY
      }
      set = set < 0 ? own : sets.meet(set, own)
      if (sets.clears !== clears) return this.#each(event, matches, first)
      candidates = sets.members(set)
      if (candidates.length > 0) continue
      this.decided++
      return 0
    }
    for (let i = 0; i < this.#keys.length; i++) {
      if (candidates.length <= FEW || clears >= MAX_CLEARS) {
        this.#open[open++] = this.#scopes.length + i
        continue
      }
      const own = this.#keys[i]!.setOf(event, sets)
      if (sets.clears !== clears) return this.#each(event, matches, first)
      set = set < 0 ? own : sets.meet(set, own)
      if (sets.clears !== clears) return this.#each(event, matches, first)
      candidates = sets.members(set)
      if (candidates.length === 0) return 0
    }
    if (later === 0) this.#evaluator.begin(event)
    if (this.#found === undefined || candidates.length <= FEW)
      return this.#test(candidates, candidates.length, open, matches, first)
    let always = this.#found.always
    if (set >= 0) {
      const unfound = this.#setOfUnfound()
      if (sets.clears === clears) always = sets.members(sets.meet(set, unfound))
      if (sets.clears !== clears) return this.#each(event, matches, first)
    }
    return this.#test(this.#found.found, this.#found.find(event, always), open, matches, first, set)
  }

  /** True: the event's objects exclude each of these rules; undefined: every rule. Of the event, only they are read. */
  excludes(event: unknown, rules: readonly number[] | undefined): boolean {
    const sets = this.#sets
    const { clears } = sets
    if (clears >= MAX_CLEARS) return false
    // -1: every condition.
    const ofRules = rules === undefined ? -1 : this.#setOfRules(rules)
    let set = ofRules
    for (let i = 0; i < this.#scopes.length && sets.clears === clears; i++) {
      const { name, holder, slot } = this.#scopes[i]!
      const object = holder(event)
      if (object === undefined) continue
      // Of all rules, many events ask, and of objects that may never come again.
      const memo = rules === undefined ? this.#layout.memoOf(object, name) : this.#layout.memoNow(object, name)
      if (memo === undefined) continue
      let own = memo.sets[slot]! - 1 - clears * CAPACITY
      if (own < 0) {
        this.#evaluator.begin(event)
        const asked = ofRules < 0 ? this.#every : sets.members(ofRules)
        if (asked.length <= FEW) {
          if (this.#noneHolds(i, asked)) return true
          continue
        }
        own = this.#setOf(i, event)
        memo.sets[slot] = own + 1 + sets.clears * CAPACITY
      }
      if (sets.clears !== clears) break
      set = set < 0 ? own : sets.meet(set, own)
      if (sets.clears === clears && sets.members(set).length === 0) return true
    }
    return false
  }

  /** Whether the parts of these conditions in a scope are all false. */
  #noneHolds(scope: number, conditions: Int32Array): boolean {
    const { parts } = this.#scopes[scope]!
    for (let i = 0; i < conditions.length; i++)
      if (parts[conditions[i]!]! < 0 || this.#evaluator.test(parts[conditions[i]!]!)) return false
    return true
  }

  /** The set of the conditions that these rules have, by its number. May clear the table. */
  #setOfRules(rules: readonly number[]): number {
    const sets = this.#sets
    const known = this.#askedClears === sets.clears ? this.#asked.get(rules) : undefined
    if (known !== undefined) return known
    sets.scratch.fill(0)
    for (let i = 0; i < this.#rules.length; i++)
      for (const rule of this.#rules[i]!) if (rules.includes(rule)) sets.scratch[i >> 5]! |= 1 << (i & 31)
    const set = sets.intern()
    if (this.#askedClears !== sets.clears || this.#asked.size === FEW) this.#asked.clear()
    this.#askedClears = sets.clears
    this.#asked.set(rules, set)
    return set
  }

  /** All conditions one by one, when the sets cannot be used for this event. */
  #each(event: unknown, matches: Int32Array, first: boolean): number {
    for (let i = 0; i < this.#parts.length; i++) this.#open[i] = i
    this.#evaluator.begin(event)
    return this.#test(this.#every, this.#every.length, this.#parts.length, matches, first)
  }

  /**
   * @param length of `candidates`
   * @param open of `#open`
   * @param set candidates that are not in it are passed over; -1: none
   */
  #test(candidates: Int32Array, length: number, open: number, matches: Int32Array, first: boolean, set = -1): number {
    const evaluator = this.#evaluator
    this.now += 2
    let count = 0
    let held = 0
    for (let i = 0; i < length; i++) {
      const condition = candidates[i]!
      if (set >= 0 && !this.#sets.has(set, condition)) continue
      const rest = this.#rest[condition]!
      if (this.restFirst && rest >= 0 && !this.#holds(rest)) continue
      let holds = true
      for (let k = 0; k < open && holds; k++) {
        const part = this.#parts[this.#open[k]!]![condition]!
        holds = part < 0 || evaluator.test(part)
      }
      if (!holds) continue
      if (!this.restFirst && rest >= 0 && !this.#holds(rest)) continue
      const rules = this.#rules[condition]!
      if (first) {
        matches[0] = rules[0]!
        return 1
      }
      held++
      for (let k = 0; k < rules.length; k++) matches[count++] = rules[k]!
    }
    // One condition's rules are in order, and so are those of conditions that have one each.
    if (held > 1 && held < count) matches.subarray(0, count).sort()
    return count
  }

  #holds(rest: number): boolean {
    const truths = this.#truths
    if (truths[rest]! < this.now - 1) truths[rest] = this.#evaluator.test(rest) ? this.now : this.now - 1
    return truths[rest] === this.now
  }

  /** The set of conditions that no value finds, by its number. May clear the table, which must then not be asked about earlier numbers. */
  #setOfUnfound(): number {
    const sets = this.#sets
    if (this.#unfound >= 0 && this.#unfoundClears === sets.clears) return this.#unfound
    sets.scratch.fill(0)
    for (const condition of this.#found!.always) sets.scratch[condition >> 5]! |= 1 << (condition & 31)
    this.#unfound = sets.intern()
    this.#unfoundClears = sets.clears
    return this.#unfound
  }

  /** The set of conditions whose part in a scope holds, by its number. */
  #setOf(scope: number, event: unknown): number {
    const { parts, conditions, always, index } = this.#masks[scope]!
    const { scratch } = this.#sets
    scratch.set(always)
    const count = index?.find(event) ?? parts.length
    for (let n = 0; n < count; n++) {
      const i = index === undefined ? n : index.found[n]!
      if (!this.#evaluator.test(parts[i]!)) continue
      for (let k = 0, own = conditions[i]!; k < own.length; k++) scratch[own[k]! >> 5]! |= 1 << (own[k]! & 31)
    }
    return this.#sets.intern()
  }
}
