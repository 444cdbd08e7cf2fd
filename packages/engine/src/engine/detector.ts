import type { Alert } from '../alert/alert.ts'
import type { Source } from '../fields/field.ts'
import { type RunOptions, runEvents } from './run.ts'
import type { SourceRules } from './source-rules.ts'
import { type EngineStats, statsOf } from './stats.ts'

/** Rules of some sources, ready to run: what an engine has after loading, and all that a saved ruleset is. */
export class Detector {
  readonly #rules: ReadonlyMap<string, SourceRules>
  /** The source of the last event and its rules: sources rarely change from one event to the next. */
  #lastSource: Source | string | undefined = undefined
  #lastRules: SourceRules | undefined = undefined

  constructor(rules: readonly SourceRules[]) {
    this.#rules = new Map(rules.map(own => [own.source.name, own]))
  }

  /**
   * The alerts of an event, usually none; then it is always the same frozen array. Nothing that an event holds makes it throw.
   * @throws {TypeError} for a source that is not there
   */
  evaluate(source: Source | string, event: unknown): Alert[] {
    if (source === this.#lastSource) return this.#lastRules!.evaluate(event)
    this.#lastRules = this.#of(source)
    this.#lastSource = source
    return this.#lastRules.evaluate(event)
  }

  /**
   * The outcome of the last evaluation is void, the same event will come again: it does not count. What could not be read,
   * and events that were let go, stay counted.
   */
  takeBack(): void {
    this.#lastRules?.takeBack()
  }

  /** Evaluates events as they come; ends with them, or at `signal`. @throws {TypeError} when it is not clear which source they are of */
  run<E>(events: AsyncIterable<E> | Iterable<E>, options: RunOptions = {}): AsyncIterable<Alert> {
    const source = options.source ?? this.#onlySource()
    this.#of(source)
    return runEvents(events, event => this.evaluate(source, event), options.signal)
  }

  /**
   * The event types that rules can match: per type of the source 1 or 0, so that events of other types need not even be
   * decoded; `all` when the source has no event types.
   */
  wantedTypes(source: Source | string): Uint8Array | 'all' {
    return this.#of(source).ruleset.wantedTypes()
  }

  /** What has been counted since the rules were loaded. */
  stats(): EngineStats {
    return statsOf([...this.#rules.values()])
  }

  #of(source: Source | string): SourceRules {
    const name = typeof source === 'string' ? source : source.name
    const rules = this.#rules.get(name)
    if (!rules) throw new TypeError(`the engine has no source '${name}'`)
    return rules
  }

  #onlySource(): string {
    if (this.#rules.size !== 1) throw new TypeError('several sources: say which one the events are of')
    return this.#rules.keys().next().value!
  }
}
