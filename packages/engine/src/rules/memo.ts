/**
 * Keeps the last result per key, for as long as it is asked for with the very same inputs: how loading file after file
 * does not do everything again after each.
 */
export class Memo<T> {
  readonly #kept = new Map<string, { inputs: readonly unknown[]; value: T }>()

  get(key: string, inputs: readonly unknown[], make: () => T): T {
    const kept = this.#kept.get(key)
    if (kept && kept.inputs.length === inputs.length && kept.inputs.every((input, i) => input === inputs[i]))
      return kept.value
    const value = make()
    this.#kept.set(key, { inputs, value })
    return value
  }
}
