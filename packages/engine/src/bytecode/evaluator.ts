/**
 * Runs a program over events. `begin` starts an event, in constant time; `test` then evaluates roots, each only as far as its
 * truth needs and never twice.
 */
export interface Evaluator {
  begin(event: unknown): void
  /** The truth of the root with this index for the current event. */
  test(root: number): boolean
  /** `jit` only where code generation is allowed. */
  readonly backend: Backend
}
export type Backend = 'vm' | 'jit'
