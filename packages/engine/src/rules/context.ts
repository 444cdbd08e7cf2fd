import type { ItemType, Location, Problem, ProblemCode } from '../text/problem.ts'
import { CODES } from '../text/problem.ts'
import { snippet } from '../text/snippet.ts'
import type { SourceText } from '../text/source.ts'
import type { Place } from '../text/span.ts'

/** A spot in a rules file: the chain of items from the file down to it. */
export class Context {
  readonly source: SourceText
  readonly locations: readonly Location[]
  readonly place: Place
  constructor(source: SourceText, locations: readonly Location[], place: Place) {
    this.source = source
    this.locations = locations
    this.place = place
  }

  static file(source: SourceText): Context {
    const place = source.place(0)
    return new Context(source, [location('rules content', '', place, source.content.length)], place)
  }

  /**
   * A part of this one in the same file: `length` units at `offset`.
   * @param shown how many of these a snippet marks
   */
  at(type: ItemType, name: string, offset: number, length = 0, shown = length): Context {
    const { length: within } = this.source.place(offset, length)
    return this.part(type, name, this.source, this.source.place(offset, shown), within)
  }

  /** A part of this one that may be in another file (a list's item, a macro's body). */
  part(type: ItemType, name: string, source: SourceText, place: Place, length = place.length): Context {
    return new Context(source, [...this.locations, location(type, name, place, length)], place)
  }

  problem(code: ProblemCode, message: string, deprecatedField?: string): Problem {
    const { severity } = CODES[code]
    const shown = snippet(this.source, this.place)
    const problem = { severity, code, message, locations: this.locations, snippet: shown }
    return deprecatedField === undefined ? problem : { ...problem, deprecated_field: deprecatedField }
  }
}

function location(item_type: ItemType, item_name: string, place: Place, length: number): Location {
  const { file, line, column, offset } = place
  return { item_type, item_name, position: { name: file, line, column, offset }, length }
}

/** Thrown for an error in an item; loading continues with the next item. */
export class LoadFailure extends Error {
  /** At least one. */
  readonly problems: readonly Problem[]
  constructor(where: Context | readonly Problem[], code: ProblemCode, message: string) {
    super(message)
    this.name = 'LoadFailure'
    this.problems = where instanceof Context ? [where.problem(code, message)] : where
  }

  /** Several problems of one item. */
  static of(problems: readonly [Problem, ...Problem[]]): LoadFailure {
    return new LoadFailure(problems, problems[0].code, problems[0].message)
  }
}

/** Thrown when a limit on a whole load is exceeded; loading stops. */
export class LimitFailure extends LoadFailure {}

/** Thrown for an item that cannot be checked because of an error that is already reported. */
export class AlreadyReported extends Error {}

/** The problems of a failure. @throws any other error */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof AlreadyReported) return []
  if (!(error instanceof LoadFailure)) throw error
  return error.problems
}
