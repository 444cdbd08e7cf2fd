import type { FlagName } from '../../events/flags.ts'

/** More values than this per table are not remembered: numbers come from untrusted input. */
const REMEMBERED = 1024

/** Turns numbers into the names of one flag table, remembering the answers. */
export class FlagNames {
  readonly #table: readonly FlagName[]
  readonly #exact: boolean
  readonly #remembered = new Map<number, string>()

  /** @param exact the number is one of the values (Falco's ENUMFLAGS), not a sum of bits. */
  constructor(table: readonly FlagName[], exact: boolean) {
    this.#table = table
    this.#exact = exact
  }

  /** Names joined with `|`; '' when none fits. `value` is unsigned. */
  text(value: number): string {
    const known = this.#remembered.get(value)
    if (known !== undefined) return known
    const text = this.#exact ? this.#ofValue(value) : this.#ofBits(value)
    if (this.#remembered.size < REMEMBERED) this.#remembered.set(value, text)
    return text
  }

  /** Every name of exactly this value: AF_LOCAL|AF_UNIX. */
  #ofValue(value: number): string {
    return this.#table
      .filter(flag => flag.value === value)
      .map(flag => flag.name)
      .join('|')
  }

  /**
   * The names in the order of the table, each taking its bits away (O_RDWR leaves nothing to O_RDONLY). The first entry that is
   * equal to the whole number ends the walk; a name of value 0 is only for the number 0.
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
