import { splitStrings } from './strings.ts'

/** A list of strings as the kernel gives it, NUL-separated bytes, split when first asked: argv[1..] or an environment. Immutable, shared by threads. */
export class StringList {
  private split: readonly string[] | null = null
  private joined: string | null = null
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get items(): readonly string[] {
    this.split ??= splitStrings(this.bytes)
    return this.split
  }

  /** The strings with single spaces between. */
  get text(): string {
    this.joined ??= this.items.join(' ')
    return this.joined
  }
}

export const EMPTY_LIST = new StringList(new Uint8Array(0))
