/** Why a step does not act, and which guard says so. */
export interface Held {
  readonly guard:
    | 'field'
    | 'protected'
    | 'stopped'
    | 'fuse'
    | 'per_target'
    | 'per_namespace'
    | 'total'
    | 'once'
    | 'machine'
    | 'approval'
    | 'record'
  readonly reason: string
}
