/** A step of a playbook that waits for approval. */
export interface Approval {
  readonly run: string
  readonly playbook: string
  readonly action: string
  readonly target?: { readonly name: string }
  /** The planned calls, one line each. */
  readonly plan: readonly string[]
  readonly expires: string
  readonly alert: { readonly id: string; readonly rule: string; readonly time: string; readonly output: string }
}

export interface Approvals {
  readonly approvals: readonly Approval[]
}

export type Word = 'approved' | 'denied'
