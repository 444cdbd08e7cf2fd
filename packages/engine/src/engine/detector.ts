import type { Alert } from '../alert/alert.ts'
import { checkOptions } from '../fields/check-options.ts'
import type { EventOf, Source } from '../fields/field.ts'
import type { Unmatched } from '../ruleset/unmatched.ts'
import { type FieldUse, useOf } from './field-use.ts'
import { type RunOptions, type RunSource, runEvents } from './run.ts'
import type { Deferral, EventSieve, SourceRules } from './source-rules.ts'
import { type EngineStats, statsOf } from './stats.ts'

/** Evaluates events against rules. An Engine is a detector that can load rules; `loadRuleset` returns one whose rules are fixed. */
export class Detector<S extends Source = Source> {
  #rules: ReadonlyMap<string, SourceRules> = new Map()
  /** The source of the last event, and its rules: consecutive events usually have the same source. */
  #lastSource: Source | string | undefined = undefined
  #lastRules: SourceRules | undefined = undefined

  constructor(rules: readonly SourceRules[]) {
    this.install(rules)
  }

  /** Replaces all rules; takes effect with the next event. */
  protected install(rules: readonly SourceRules[]): void {
    this.#rules = new Map(rules.map(own => [own.source.name, own]))
    this.#lastSource = undefined
  }

  /**
   * The alerts of an event. Without a match it returns the same frozen array each time. Nothing in an event makes it throw.
   * @throws {TypeError} for a source that the engine does not have
   */
  evaluate<E>(source: Source<E> | string, event: NoInfer<E>): Alert[]
  /**
   * The same for events that may have to wait, for metadata that their rules ask for.
   * @param deferral decides after the rules have run whether the evaluation counts
   * @returns undefined when it does not: only failed extractions were counted, and the event will be evaluated again
   */
  evaluate<E>(
    source: Source<E> | string,
    event: NoInfer<E>,
    deferral: Deferral<NoInfer<E>> | undefined,
  ): Alert[] | undefined
  evaluate(source: Source | string, event: unknown, deferral?: Deferral): Alert[] | undefined {
    if (source !== this.#lastSource) {
      this.#lastRules = this.#of(source)
      this.#lastSource = source
    }
    return this.#lastRules!.evaluate(event, deferral)
  }

  /**
   * Evaluates events as they arrive. Ends with the events, or when `signal` fires. Rules that are loaded meanwhile apply
   * from the next event on; the next event is read only when all alerts of the last one have been taken.
   * @throws {TypeError} when there are several sources and the options name none
   */
  run(
    events: AsyncIterable<EventOf<S>> | Iterable<EventOf<S>>,
    options?: RunOptions & { readonly source?: undefined },
  ): AsyncIterableIterator<Alert>
  run<E>(
    events: AsyncIterable<NoInfer<E>> | Iterable<NoInfer<E>>,
    options: RunOptions & RunSource<E>,
  ): AsyncIterableIterator<Alert>
  run(
    events: AsyncIterable<unknown> | Iterable<unknown>,
    options: RunOptions & Partial<RunSource<any>> = {},
  ): AsyncIterableIterator<Alert> {
    checkOptions('run', options, { source: typeof options.source === 'string' ? 'text' : 'object', signal: 'object' })
    const source = options.source ?? this.#onlySource()
    this.#of(source)
    return runEvents(events, event => this.evaluate(source, event), options.signal)
  }

  /**
   * The event types that rules can match, as 1 or 0 per type of the source: events of the other types need not even be
   * decoded. `all` when the source has no event types.
   */
  wantedTypes(source: Source | string): Uint8Array | 'all' {
    return this.#of(source).ruleset.wantedTypes()
  }

  /**
   * Returns a sieve for a source's events: those that none of the currently loaded rules can match need not be parsed. undefined: all may
   * match, or the source has no `early` fields.
   */
  sieve<E>(source: Source<E> | string): EventSieve<E> | undefined {
    return this.#of(source).sieve
  }

  /**
   * By name of the classes that a source's event types have (EventTypes.classes): events of the class that none of the rules that are
   * loaded now can match.
   */
  unmatched(source: Source | string): Unmatched {
    return this.#of(source).unmatched
  }

  /**
   * Whether the rules that are loaded now, at these positions (`UnmatchedClass.rules`), cannot match an event, going by its objects
   * (`scopes`), which keep the answer. Of the event, its type and these objects are read. Without positions: whether none of the rules
   * can. False tells nothing.
   */
  excludes<E>(source: Source<E> | string): (event: E, rules?: readonly number[]) => boolean {
    const { ruleset } = this.#of(source)
    return (event, rules) => ruleset.excludes(event, rules)
  }

  /** Every field that conditions and outputs of the enabled rules read: all that a source has to provide. */
  fieldsRead(source: Source | string): FieldUse[] {
    return [...this.#of(source).fields].map(useOf)
  }

  /** Counts since the rules were loaded. */
  stats(): EngineStats {
    return statsOf([...this.#rules.values()])
  }

  /** The number of failed extractions, the sum of `stats().extractErrors`, at constant cost, so that it can be read for each event. */
  get failures(): number {
    let failures = 0
    for (const { errors } of this.#rules.values()) failures += errors.total
    return failures
  }

  #of(source: Source | string): SourceRules {
    const name = typeof source === 'string' ? source : source.name
    const rules = this.#rules.get(name)
    if (!rules) throw noSource(name, this.#rules.keys())
    return rules
  }

  #onlySource(): string {
    if (this.#rules.size !== 1)
      throw new TypeError(`run: name the events' source: one of ${[...this.#rules.keys()].join(', ')}`)
    return this.#rules.keys().next().value!
  }
}

/** The error for an unknown source, or for a value that is not a source. */
export function noSource(name: unknown, sources: Iterable<string>): TypeError {
  const found =
    typeof name === 'string'
      ? `the engine has no source '${name}'`
      : 'expected a source, or the name of one, before the event'
  return new TypeError(`${found} (sources: ${[...sources].join(', ')})`)
}
