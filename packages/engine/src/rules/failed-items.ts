/** The kinds of items that others refer to by name. */
export type NamedKind = 'list' | 'macro' | 'rule'

/**
 * Lists, macros and rules that have an error. The error is reported once: an item that only fails because it refers to
 * one of these is not reported. A new, valid definition removes a name.
 */
export class FailedItems {
  /** Part of a file could not be read, so any unknown name may be one that it defines. */
  incomplete = false
  readonly #names: Readonly<Record<NamedKind, Set<string>>>

  constructor(from?: FailedItems) {
    this.incomplete = from?.incomplete ?? false
    const names = (kind: NamedKind) => new Set(from?.of(kind))
    this.#names = { list: names('list'), macro: names('macro'), rule: names('rule') }
  }

  add(kind: NamedKind, name: string): void {
    this.#names[kind].add(name)
  }

  delete(kind: NamedKind, name: string): void {
    this.#names[kind].delete(name)
  }

  has(kind: NamedKind, name: string): boolean {
    return this.#names[kind].has(name)
  }

  /** The names of one kind. */
  of(kind: NamedKind): Iterable<string> {
    return this.#names[kind]
  }
}
