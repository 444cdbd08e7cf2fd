/** Why live capture is not possible. */
export type LiveErrorCode =
  /** The sidecar or the addon is missing. */
  | 'not-installed'
  /** This system does not support it. */
  | 'unsupported'
  /** The sidecar refused or failed; the message says why. */
  | 'sidecar'
  /** The engine and the sidecar disagree about the protocol. */
  | 'protocol'

export class LiveError extends Error {
  override readonly name = 'LiveError'
  readonly code: LiveErrorCode

  constructor(code: LiveErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
