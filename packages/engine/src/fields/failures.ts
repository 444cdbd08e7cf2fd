/** A function of a source that threw, or that returned a value of another type than its field declares. */
export interface ExtractFailure {
  /** The field as written (`proc.aname[2]`), the name of a scope, `time`, or `event` when the event could not be evaluated at all. */
  readonly field: string
  readonly error: unknown
  readonly event: unknown
}

/** The same as `onError` is called with it. */
export interface FieldFailure extends ExtractFailure {
  readonly source: string
}

/** Counts failed extractions by field, and passes each on. A field that fails is absent. */
export class ExtractErrors {
  readonly counts = new Map<string, number>()
  /** The sum of `counts`. */
  total = 0
  readonly #report: ((failure: ExtractFailure) => void) | undefined

  /** @param report called for each failure; what it throws is ignored */
  constructor(report?: (failure: ExtractFailure) => void) {
    this.#report = report
  }

  add(field: string, error: unknown, event: unknown): void {
    this.total++
    this.counts.set(field, (this.counts.get(field) ?? 0) + 1)
    try {
      this.#report?.({ field, error, event })
    } catch {
      // Evaluation never throws.
    }
  }
}
