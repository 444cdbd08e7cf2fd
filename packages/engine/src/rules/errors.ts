import type { Problem } from '../text/problem.ts'

/**
 * The errors of a load, each cause once: rules that share a macro, a list or an alias with an error in it do not repeat
 * the error, and neither do later files.
 */
export class ErrorCollector {
  readonly #reported = new Set<string>()
  readonly #order: ReadonlyMap<string, number>

  /** @param files names, in order */
  constructor(files: readonly string[]) {
    this.#order = new Map(files.map((name, i) => [name, i]))
  }

  /** Those that are new, ordered by file, item and position. */
  newOnes(errors: readonly Problem[]): Problem[] {
    const rank = ({ locations }: Problem): [number, number, number] => {
      const [file, item] = locations
      const order = this.#order.get(file?.position.name ?? '') ?? this.#order.size
      return [order, item?.position.offset ?? -1, locations.at(-1)?.position.offset ?? -1]
    }
    return errors
      .filter(error => this.#isNew(error))
      .map(error => ({ error, at: rank(error) }))
      .sort(({ at: a }, { at: b }) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
      .map(({ error }) => error)
  }

  #isNew({ code, message, locations }: Problem): boolean {
    const { name, offset } = locations.at(-1)!.position
    const key = JSON.stringify([code, message, name, offset])
    if (this.#reported.has(key)) return false
    this.#reported.add(key)
    return true
  }
}
