import type { Container } from './container.ts'
import { splitStrings } from './strings.ts'

/** The control groups of a thread: subsystem and path, as NUL-separated "subsystem=path" bytes. Immutable, shared by threads. */
export class Cgroups {
  /** null = not split yet. */
  private parsed: readonly (readonly [string, string])[] | null = null
  readonly bytes: Uint8Array
  /** The container that the paths name. */
  readonly container: Container

  constructor(bytes: Uint8Array, container: Container) {
    this.bytes = bytes
    this.container = container
  }

  get pairs(): readonly (readonly [string, string])[] {
    this.parsed ??= splitStrings(this.bytes).flatMap(text => {
      const at = text.indexOf('=')
      return at < 0 ? [] : [[text.slice(0, at), text.slice(at + 1)] as const]
    })
    return this.parsed
  }
}
