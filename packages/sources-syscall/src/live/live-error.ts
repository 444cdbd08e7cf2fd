/** Why there are no live events. */
export type LiveErrorCode =
  /** The sidecar or the addon is missing. */
  | 'not-installed'
  /** This system cannot do it. */
  | 'unsupported'
  /** The sidecar refused or failed; it says why. */
  | 'sidecar'
  /** The two do not understand each other. */
  | 'protocol'

export class LiveError extends Error {
  override readonly name = 'LiveError'
  readonly code: LiveErrorCode

  constructor(code: LiveErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
