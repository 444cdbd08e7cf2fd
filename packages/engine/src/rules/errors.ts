import type { Problem } from '../text/problem.ts'

/**
 * The errors of a load, each cause once: rules that share a macro, a list or an alias with an error in it, and later
 * files after which all is resolved again, do not repeat it.
 */
export class ErrorCollector {
  readonly #given = new Set<string>()

  /** Those that are new, by the file that they are in (in the order of `files`) and the position. */
  newOnes(errors: readonly Problem[], files: readonly string[]): Problem[] {
    const fileOrder = new Map(files.map((name, i) => [name, i]))
    const rank = ({ locations }: Problem): [number, number, number] => {
      const [file, item] = locations
      const order = fileOrder.get(file?.position.name ?? '') ?? fileOrder.size
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
    if (this.#given.has(key)) return false
    this.#given.add(key)
    return true
  }
}
