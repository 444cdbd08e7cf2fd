/** The kinds of items that others refer to by name. */
export type NamedKind = 'list' | 'macro' | 'rule'

/**
 * Names of lists, macros and rules with which something is wrong: it has been said, so what only follows from it is not
 * said again. A new definition that is right clears a name.
 */
export class BadNames {
  /** A file could not be read at all: any name may be one that it would have defined. */
  incomplete = false
  readonly #names: Record<NamedKind, Set<string>> = { list: new Set(), macro: new Set(), rule: new Set() }

  add(kind: NamedKind, name: string): void {
    this.#names[kind].add(name)
  }

  delete(kind: NamedKind, name: string): void {
    this.#names[kind].delete(name)
  }

  has(kind: NamedKind, name: string): boolean {
    return this.#names[kind].has(name)
  }

  /** Whether anything was wrong and has not been put right. */
  get any(): boolean {
    return this.incomplete || Object.values(this.#names).some(names => names.size > 0)
  }
}
