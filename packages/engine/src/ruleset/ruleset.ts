import type { Evaluator } from '../bytecode/evaluator.ts'
import type { MemoLayout } from '../bytecode/memo.ts'
import type { ExtractErrors } from '../fields/failures.ts'
import type { Source } from '../fields/field.ts'
import type { FieldTable } from '../fields/table.ts'
import { Bucket } from './bucket.ts'
import { BucketKey } from './bucket-key.ts'
import { NeedIndex } from './need-index.ts'
import type { Need } from './needs.ts'
import type { KeyPlan } from './plan.ts'

/** A bucket as plain data, which can be saved. */
export interface BucketShape {
  readonly rules: readonly (readonly number[])[]
  readonly scopes: readonly { readonly scope: string; readonly parts: readonly number[] }[]
  readonly keys: readonly KeyPlan[]
  readonly rest: readonly number[]
  readonly needs: readonly (Need | null)[]
}

export interface RulesetShape {
  /** Number of rules. */
  readonly rules: number
  readonly buckets: readonly BucketShape[]
  /** The bucket of each event type, -1 for none; 0: one bucket for every event. */
  readonly bucketOf: Int32Array | 0
}

/**
 * All enabled rules of a source, ready to run. The program of a bucket is compiled by the first event that needs it. This saves 0.1 s of a
 * start or reload with Falco's rules, and a bucket whose events never occur costs nothing.
 */
export class Ruleset {
  readonly source: Source
  /** After `evaluate`: the rules that matched, by position, in order. */
  readonly matches: Int32Array
  readonly #table: FieldTable
  readonly #shape: RulesetShape
  readonly #layout: MemoLayout
  readonly #makeEvaluator: (bucket: number) => Evaluator
  readonly #errors: ExtractErrors
  readonly #buckets: (Bucket | undefined)[]

  /**
   * @param makeEvaluator prepares the program of a bucket
   * @param errors counts failed extractions
   */
  constructor(
    table: FieldTable,
    shape: RulesetShape,
    layout: MemoLayout,
    makeEvaluator: (bucket: number) => Evaluator,
    errors: ExtractErrors,
  ) {
    this.#errors = errors
    this.source = table.source
    this.#table = table
    this.matches = new Int32Array(Math.max(1, shape.rules))
    this.#shape = shape
    this.#layout = layout
    this.#makeEvaluator = makeEvaluator
    this.#buckets = shape.buckets.map(() => undefined)
  }

  /** Runs the rules on an event. Returns n: the positions of the rules that match are matches[0..n). */
  evaluate(event: unknown, first: boolean): number {
    const { bucketOf } = this.#shape
    const index = bucketOf === 0 ? 0 : bucketOf[this.source.eventType!(event) as number]
    // A type that the source does not list has no bucket.
    if (index === undefined || index < 0) return 0
    const bucket = this.#buckets[index] ?? this.#open(index)
    return bucket === undefined ? 0 : bucket.evaluate(event, this.matches, first)
  }

  /** True: an event's objects exclude each of these rules, by position; undefined: every rule. False tells nothing. */
  excludes(event: unknown, rules: readonly number[] | undefined): boolean {
    const { bucketOf } = this.#shape
    const index = bucketOf === 0 ? 0 : bucketOf[this.source.eventType!(event) as number]
    return index !== undefined && (this.#buckets[index] ?? this.#open(index))?.excludes(event, rules) === true
  }

  /** Per event type, 1 where a rule can match (the source need not even decode others); `all` without event types. */
  wantedTypes(): Uint8Array | 'all' {
    const { bucketOf, buckets } = this.#shape
    if (bucketOf === 0) return buckets.some(bucket => bucket.rules.length > 0) ? 'all' : new Uint8Array(0)
    return Uint8Array.from(bucketOf, index => (index < 0 ? 0 : 1))
  }

  /** How often a table of rule sets was full and was cleared. */
  get evictions(): number {
    return this.#buckets.reduce((n, bucket) => n + (bucket?.clears ?? 0), 0)
  }

  /** Events decided by kept sets alone, without reading a field. */
  get decided(): number {
    return this.#buckets.reduce((n, bucket) => n + (bucket?.decided ?? 0), 0)
  }

  #open(index: number): Bucket | undefined {
    const known = this.#buckets[index]
    const shape = this.#shape.buckets[index]
    if (known || !shape) return known
    const scopes = shape.scopes.map(({ scope, parts }) => ({
      name: scope,
      holder: this.source.scopes![scope]!,
      slot: this.#layout.setSlot(scope),
      parts: Int32Array.from(parts),
    }))
    const evaluator = this.#makeEvaluator(index)
    const keys = shape.keys.map(key => {
      const [name, arg] = key.field
      return new BucketKey(key, this.#table.resolve(name, arg ?? undefined), this.#errors)
    })
    const indexOf = (roots: readonly number[]) =>
      NeedIndex.of(
        roots.map(root => shape.needs[root]),
        this.#table,
        this.#errors,
      )
    const bucket = new Bucket(shape.rules, scopes, keys, Int32Array.from(shape.rest), evaluator, this.#layout, indexOf)
    this.#buckets[index] = bucket
    return bucket
  }
}
