import type { Container } from './container.ts'

/** A thread's control groups, as subsystem and path pairs. Immutable and shared between threads. */
export class Cgroups {
  readonly bytes: Uint8Array
  readonly pairs: readonly (readonly [string, string])[]
  /** The container identified by the paths. */
  readonly container: Container

  /** `bytes`: the list as encoded in events, NUL-terminated "subsystem=path" strings. */
  constructor(bytes: Uint8Array, pairs: readonly (readonly [string, string])[], container: Container) {
    this.bytes = bytes
    this.pairs = pairs
    this.container = container
  }
}
