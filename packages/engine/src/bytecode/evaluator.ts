/**
 * Runs one program over events. `begin` starts an event (constant time); `test` then asks for roots, each evaluated as far
 * as its truth needs and never twice.
 */
export interface Evaluator {
  begin(event: unknown): void
  /** The truth of the root with this index, for the event that `begin` was given. */
  test(root: number): boolean
  /** Which tier runs: `jit` only where code generation is allowed. */
  readonly backend: Backend
}
export type Backend = 'vm' | 'jit'
