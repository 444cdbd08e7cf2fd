/** The reasons to hold a step back, in the order of the documentation. Their names are part of the journal and of metrics. */
export const GUARDS = [
  ...(['field', 'protected', 'stopped', 'machine', 'fuse', 'total', 'per_namespace'] as const),
  ...(['once', 'age', 'per_target', 'approval', 'record'] as const),
] as const

/** Why a step does not act, and which guard says so. */
export interface Held {
  readonly guard: (typeof GUARDS)[number]
  readonly reason: string
}
