import type { FlagName } from '../../events/flags.ts'

/** Maximum number of cached values per table: numbers come from untrusted input. */
const REMEMBERED = 1024

/** Converts numbers to the names in one flag table, with a cache. */
export class FlagNames {
  readonly #table: readonly FlagName[]
  readonly #exact: boolean
  readonly #remembered = new Map<number, string>()

  /** @param exact the number is a single value (Falco's ENUMFLAGS), not a combination of bits. */
  constructor(table: readonly FlagName[], exact: boolean) {
    this.#table = table
    this.#exact = exact
  }

  /** Returns the names joined with `|`; '' if none matches. `value` is unsigned. */
  text(value: number): string {
    const known = this.#remembered.get(value)
    if (known !== undefined) return known
    const text = this.#exact ? this.#ofValue(value) : this.#ofBits(value)
    if (this.#remembered.size < REMEMBERED) this.#remembered.set(value, text)
    return text
  }

  /** All names with exactly this value: AF_LOCAL|AF_UNIX. */
  #ofValue(value: number): string {
    return this.#table
      .filter(flag => flag.value === value)
      .map(flag => flag.name)
      .join('|')
  }

  /**
   * The names in table order; each match removes its bits (after O_RDWR, O_RDONLY no longer matches). The first entry equal
   * to the whole number ends the walk; a name with value 0 matches only the number 0.
   */
  #ofBits(value: number): string {
    const names: string[] = []
    let rest = value
    for (const flag of this.#table) {
      if (flag.value === value) {
        names.push(flag.name)
        break
      }
      if (flag.value !== 0 && rest !== 0 && (rest & flag.value) >>> 0 === flag.value) {
        names.push(flag.name)
        rest = (rest & ~flag.value) >>> 0
      }
    }
    return names.join('|')
  }
}
