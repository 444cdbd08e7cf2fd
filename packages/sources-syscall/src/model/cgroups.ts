import type { Container } from './container.ts'

/** The control groups of a thread: subsystem and path of each. Immutable, shared by threads. */
export class Cgroups {
  readonly bytes: Uint8Array
  readonly pairs: readonly (readonly [string, string])[]
  /** The container that the paths name. */
  readonly container: Container

  /** `bytes`: the list as events carry it, "subsystem=path" each with its NUL. */
  constructor(bytes: Uint8Array, pairs: readonly (readonly [string, string])[], container: Container) {
    this.bytes = bytes
    this.pairs = pairs
    this.container = container
  }
}
